"""Backups of an installation: one encrypted file each, and the way back.

A backup is an age file (https://age-encryption.org/v1) around a compressed tar, so that it can be opened without
Dashtam too: `age -d -i recovery-key.txt FILE | tar xz`. Inside are a manifest, the installation's keys, and the rows
of each table in COPY's text format.

archive    the tar, written and read as a stream
sealing    encryption to the recovery key, and back
targets    places that keep backups: a folder, or a bucket that speaks S3
tables     rows, sequences and triggers of the database
making     a backup from one snapshot
restoring  an empty database filled from a backup
rehearsal  a restore into a scratch database, with proof
kit        the recovery key and its printed page
"""
