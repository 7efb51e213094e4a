"""Admission: who may have an account here, and how they are told apart from strangers."""
