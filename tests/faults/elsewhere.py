"""`python -m tests.faults.elsewhere FOLDER options…`: Python with those options in another folder, as this process."""

import os
import sys

if __name__ == "__main__":
    folder, *options = sys.argv[1:]
    os.chdir(folder)
    os.execv(sys.executable, [sys.executable, *options])  # noqa: S606 no shell is needed
