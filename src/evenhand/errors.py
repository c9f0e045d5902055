"""The exception tree. The class docstring says what the error means; its message is advice.

EvenhandError
|-- UserError                   the caller can mend it (CLI exit 2, HTTP 4xx)
|   |-- InputError              the content cannot be read
|   |   |-- TooLargeError       a limit on size, pixels, frames, depth or time was met
|   |   |-- UnsupportedError    no decoder reads this kind of content here
|   |   `-- FetchError          a URL could not, or may not, be fetched
|   |-- PolicyError             a policy document is wrong, with line numbers
|   |-- LibraryError            a word list or sample library is wrong
|   |-- RefusedLabelError       a label names a protected attribute or identifies a person
|   |-- SettingsError           a setting is missing or wrong
|   |-- AuthError               the API key or login is missing, unknown, revoked or lacks the scope
|   |-- NotFoundError           nothing is stored under that id
|   `-- ConflictError           an idempotency key was used for another request
`-- SystemFault                 the caller did nothing wrong (CLI exit 3, HTTP 5xx)
    |-- DetectorError           a detector crashed, timed out or is not installed
    |-- ModelError              a weight file is missing or is not the one its card names
    `-- StoreError              the database refused or cannot be reached
"""


class EvenhandError(Exception):
    """Any error raised by evenhand.

    code: stable machine-readable name (snake case), used in every surface's error document.
    """

    code = "error"
    status = 500

    @property
    def message(self) -> str:
        """What happened and what to do, in one or two sentences."""
        return str(self)


class UserError(EvenhandError):
    """The request is wrong; changing it will help."""

    code = "bad_request"
    status = 400


class InputError(UserError):
    """The content cannot be read as what it claims to be."""

    code = "bad_input"
    status = 422


class TooLargeError(InputError):
    """The content is over a limit (bytes, characters, pixels, frames, items or time)."""

    code = "too_large"
    status = 413


class UnsupportedError(InputError):
    """No decoder installed here reads this kind of content."""

    code = "unsupported"
    status = 415


class FetchError(InputError):
    """A URL could not be fetched, or points where evenhand must not go."""

    code = "fetch_failed"
    status = 422


class PolicyError(UserError):
    """A policy document is wrong.

    problems: one (line, message) pair a problem, lines counted from 1; 0 when the place is unknown.
    """

    code = "bad_policy"
    status = 422

    def __init__(self, message: str, *, problems: tuple[tuple[int, str], ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class LibraryError(UserError):
    """A word list or a sample library is wrong."""

    code = "bad_library"
    status = 422


class RefusedLabelError(UserError):
    """A label, list or detector asks for a protected attribute or a person's identity. evenhand refuses, by design."""

    code = "refused_label"
    status = 422


class SettingsError(UserError):
    """A setting is missing or has a value that cannot be used."""

    code = "bad_settings"
    status = 400


class AuthError(UserError):
    """The API key or the login is missing, unknown, revoked, expired or lacks the needed scope."""

    code = "unauthorized"
    status = 401


class ForbiddenError(UserError):
    """The caller is known, but may not do this."""

    code = "forbidden"
    status = 403


class NotFoundError(UserError):
    """Nothing is stored under that id."""

    code = "not_found"
    status = 404


class ConflictError(UserError):
    """The idempotency key was already used for a different request."""

    code = "conflict"
    status = 409


class SystemFault(EvenhandError):  # noqa: N818  (a family name, not itself raised)
    """Something on this side failed; the same request may succeed later."""

    code = "internal"
    status = 500


class DetectorError(SystemFault):
    """A detector crashed, timed out or is not installed."""

    code = "detector_failed"


class ClosedError(SystemFault):
    """The moderator was closed, or belongs to another process."""

    code = "closed"
    status = 503


class ModelError(SystemFault):
    """A weight file is missing, or is not the file that its card describes."""

    code = "bad_model"


class StoreError(SystemFault):
    """The database refused the operation or cannot be reached."""

    code = "store_failed"
    status = 503
