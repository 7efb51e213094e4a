"""Errors of imports, beside those of the files themselves (`providers.formats.errors`)."""

from dashtam import errors
from providers.formats import StatementError


class StatementUnreadable(errors.Unprocessable):
    """A StatementError of `providers.formats`, as an answer."""

    code = "statement_error"

    def __init__(self, error: StatementError) -> None:
        super().__init__(str(error), code=error.code)
        self.title = f"{error.title}."


class ReadingStopped(errors.Unprocessable):
    """The processes that read the file ended again and again, without reaching a bound."""

    code = "reading_stopped"
    title = "This file could not be read."
    detail = "Reading it stopped several times. Import it again; if it stops again, download it anew."


class FileTooLarge(errors.PayloadTooLarge):
    """The file is larger than MAX_BYTES."""

    code = "file_too_large"
    title = "This file is too large."
    detail = "We read files of up to 20 MB. Download a shorter period and import that."


class TooManyImports(errors.TooManyRequests):
    """The person has MOST_RUNNING imports under way."""

    title = "Your other files come first."
    detail = "Some of your files are still being read. Import this one when they are done."
    retry_after = 15


class ImportOvertaken(errors.Conflict):
    """Another process has the import by now, or it is over."""

    code = "import_overtaken"
    title = "Another process took over."


class ImportUnderWay(errors.Conflict):
    """An import can be taken back once it is over, and while no other file of the person is landing."""

    code = "import_under_way"
    title = "A file is being read right now."
    detail = "Wait until your files have been read, then undo this import."


class ImportNotTraced(errors.Conflict):
    """The import is from before it was written down which rows a file brings."""

    code = "import_not_traced"
    title = "This import is too old to be undone."
    detail = "Dashtam did not write down then which rows a file brought. You can delete its account with all its rows."
