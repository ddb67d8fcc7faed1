"""The ordinary lines of delimited text, cell by cell into columns.

What is not ordinary (quotes that go on, other words, other forms of times, lines that are too short) is left to the
reader in Python, which knows all rules: `Scanner.scan` stops in front of the first such line.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.math cimport NAN
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memcmp, memcpy

cimport cython_ext._loop.numpy_api as cnp

cdef extern from "_loop/decimals.h":
    bint nearest "shortgamma_nearest"(uint64_t m, int k, double* out) noexcept nogil

cdef extern from "Python.h":
    double PyOS_string_to_double(const char* text, char** end, void* overflow) except? -1.0

cnp.import_array()

cdef enum:
    NUMBER = 0
    PERCENT = 1
    EPOCH = 2
    LOCAL = 3
    ZONED = 4
    COMPACT = 5
    CLOCK = 6
    LABEL = 7
    # columns of one table, and characters of one number
    MOST = 16
    LONGEST = 63

KINDS = {
    "number": NUMBER, "percent": PERCENT, "epoch": EPOCH, "local": LOCAL, "zoned": ZONED, "compact": COMPACT,
    "clock": CLOCK, "label": LABEL,
}

cdef int64_t SECOND = 1_000_000_000
cdef int64_t MINUTE = 60 * SECOND
cdef int64_t HOUR = 60 * MINUTE
cdef int64_t DAY = 24 * HOUR
# seconds of 1990-01-01 and 2100-01-01: numbers since 1970 lie between them in one of four units
cdef int64_t SINCE = 631_152_000, UNTIL = 4_102_444_800
cdef int FIRST_YEAR = 1900, LAST_YEAR = 2199

cdef double[23] POWERS
cdef int _i
POWERS[0] = 1.0
for _i in range(1, 23):
    # exact, as all powers of ten up to 10^22
    POWERS[_i] = POWERS[_i - 1] * 10.0


cdef inline bint is_digit(char mark) noexcept nogil:
    return 48 <= mark <= 57


cdef inline bint digits(const char* text, int count, int* number) noexcept nogil:
    """A number of so many digits."""
    cdef int i, value = 0
    for i in range(count):
        if not is_digit(text[i]):
            return False
        value = 10 * value + (text[i] - 48)
    number[0] = value
    return True


cdef bint number_of(const char* text, Py_ssize_t length, bint percent, double* out) except *:
    """A decimal number, correctly rounded; False if it is none."""
    cdef Py_ssize_t i = 0
    cdef int seen = 0, kept = 0, scale = 0, exponent = 0, sign = 1
    cdef bint point = False
    cdef uint64_t mantissa = 0
    cdef char[LONGEST + 5] copy
    if length == 0:
        out[0] = NAN
        return True
    if percent:
        if text[length - 1] != 37:
            return False
        length -= 1
        while length and text[length - 1] == 32:
            length -= 1
    if length == 0 or length > LONGEST:
        return False
    cdef bint negative = text[0] == 45
    if text[0] == 45 or text[0] == 43:
        i = 1
    while i < length:
        if is_digit(text[i]):
            seen += 1
            if kept < 19:
                mantissa = 10 * mantissa + <uint64_t> (text[i] - 48)
                kept += mantissa != 0
                scale -= point
            else:
                # more digits than the exact way takes
                kept += 1
        elif text[i] == 46 and not point:
            point = True
        else:
            break
        i += 1
    if seen == 0:
        return False
    cdef Py_ssize_t mantissa_end = i
    if i < length:
        if text[i] != 101 and text[i] != 69:
            return False
        i += 1
        if i < length and (text[i] == 45 or text[i] == 43):
            sign = -1 if text[i] == 45 else 1
            i += 1
        if i == length or length - i > 3:
            return False
        while i < length:
            if not is_digit(text[i]):
                return False
            exponent = 10 * exponent + (text[i] - 48)
            i += 1
    exponent = sign * exponent - 2 * percent
    cdef double value
    cdef int power = scale + exponent
    if kept <= 19 and mantissa <= (<uint64_t> 1 << 53) and -22 <= power <= 22:
        # both are exact, so their product or quotient is the nearest double
        value = <double> mantissa
        value = value * POWERS[power] if power >= 0 else value / POWERS[-power]
        out[0] = -value if negative else value
        return True
    if kept <= 19 and mantissa and -19 <= power <= 0 and nearest(mantissa, -power, &value):
        out[0] = -value if negative else value
        return True
    memcpy(copy, text, mantissa_end)
    cdef bytes tail = b"e%d" % exponent
    if mantissa_end + len(tail) > LONGEST + 4:
        return False
    memcpy(copy + mantissa_end, PyBytes_AS_STRING(tail), len(tail))
    copy[mantissa_end + len(tail)] = 0
    value = PyOS_string_to_double(copy, NULL, NULL)
    if value - value != 0.0:
        return False
    out[0] = value
    return True


cdef inline int64_t day_of(int year, int month, int day) noexcept nogil:
    """Days since 1970 of a date in the Gregorian calendar (H. Hinnant, Chrono-Compatible Low-Level Date Algorithms)."""
    cdef int y = year - (month <= 2)
    cdef int era = y // 400
    cdef int of_era = y - 400 * era
    cdef int of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return <int64_t> era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


cdef inline bint date_of(int year, int month, int day, int64_t* out) noexcept nogil:
    cdef bint leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    cdef int last = 31
    if month == 4 or month == 6 or month == 9 or month == 11:
        last = 30
    elif month == 2:
        last = 28 + leap
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12 and 1 <= day <= last):
        return False
    out[0] = day_of(year, month, day) * DAY
    return True


cdef inline Py_ssize_t clock_of(const char* text, Py_ssize_t length, int64_t* out) noexcept nogil:
    """HH:MM, HH:MM:SS or HH:MM:SS.f at the start of a text: the number of characters, 0 if there is none."""
    cdef int hour, minute, second = 0
    cdef int64_t part = SECOND, fraction = 0
    cdef Py_ssize_t i = 5
    if length < 5 or not digits(text, 2, &hour) or text[2] != 58 or not digits(text + 3, 2, &minute):
        return 0
    if length >= 8 and text[5] == 58:
        if not digits(text + 6, 2, &second):
            return 0
        i = 8
        if length > 9 and text[8] == 46 and is_digit(text[9]):
            i = 9
            while i < length and is_digit(text[i]):
                if part == 1:
                    return 0
                part //= 10
                fraction += part * (text[i] - 48)
                i += 1
    if hour > 23 or minute > 59 or second > 59:
        return 0
    out[0] = hour * HOUR + minute * MINUTE + second * SECOND + fraction
    return i


cdef inline bint zone_of(const char* text, Py_ssize_t length, int64_t* out) noexcept nogil:
    """Z, UTC, GMT, +HH, +HHMM or +HH:MM, with a space in front or none."""
    cdef int hours, minutes = 0
    if length and text[0] == 32:
        text += 1
        length -= 1
    out[0] = 0
    if length == 1:
        return text[0] == 90 or text[0] == 122
    if length == 3 and (memcmp(text, b"UTC", 3) == 0 or memcmp(text, b"GMT", 3) == 0):
        return True
    if length < 3 or (text[0] != 43 and text[0] != 45) or not digits(text + 1, 2, &hours):
        return False
    if length == 5 and not digits(text + 3, 2, &minutes):
        return False
    if length == 6 and (text[3] != 58 or not digits(text + 4, 2, &minutes)):
        return False
    if length == 4 or length > 6 or hours > 23 or minutes > 59:
        return False
    out[0] = hours * HOUR + minutes * MINUTE
    if text[0] == 45:
        out[0] = -out[0]
    return True


cdef inline bint iso_of(const char* text, Py_ssize_t length, bint zoned, int64_t* out) noexcept nogil:
    cdef int year, month, day
    cdef int64_t date, clock = 0, offset = 0
    cdef Py_ssize_t end = 10, used
    cdef char dash = text[4] if length >= 10 else 0
    if not (dash == 45 or dash == 47 or dash == 46) or text[7] != dash:
        return False
    if not (digits(text, 4, &year) and digits(text + 5, 2, &month) and digits(text + 8, 2, &day)):
        return False
    if not date_of(year, month, day, &date):
        return False
    if length > 10:
        if text[10] != 84 and text[10] != 32 and text[10] != 116:
            return False
        used = clock_of(text + 11, length - 11, &clock)
        if used == 0:
            return False
        end = 11 + used
    if (end < length) != zoned:
        return False
    if zoned and not zone_of(text + end, length - end, &offset):
        return False
    out[0] = date + clock - offset
    return True


cdef inline bint compact_of(const char* text, Py_ssize_t length, int64_t* out) noexcept nogil:
    """YYYYMMDD, or YYYYMMDD HHMMSS."""
    cdef int year, month, day, hour, minute, second
    if length != 8 and length != 15:
        return False
    if not (digits(text, 4, &year) and digits(text + 4, 2, &month) and digits(text + 6, 2, &day)):
        return False
    if not date_of(year, month, day, out):
        return False
    if length == 15:
        if text[8] != 32 and text[8] != 84:
            return False
        if not (digits(text + 9, 2, &hour) and digits(text + 11, 2, &minute) and digits(text + 13, 2, &second)):
            return False
        if hour > 23 or minute > 59 or second > 59:
            return False
        out[0] += hour * HOUR + minute * MINUTE + second * SECOND
    return True


cdef inline bint epoch_of(const char* text, Py_ssize_t length, int64_t* out) noexcept nogil:
    """A number since 1970 in the one unit that puts it between 1990 and 2100."""
    cdef int64_t value = 0, unit = SECOND
    cdef Py_ssize_t i
    # 19 digits are up to 2286 in nanoseconds; more digits than 18 that begin with 9 would not fit
    if length == 0 or length > 19 or (length == 19 and text[0] == 57):
        return False
    for i in range(length):
        if not is_digit(text[i]):
            return False
        value = 10 * value + (text[i] - 48)
    while unit:
        if SINCE * (SECOND // unit) <= value < UNTIL * (SECOND // unit):
            out[0] = value * unit
            return True
        unit //= 1000
    return False


cdef inline Py_ssize_t gap(const char* text, Py_ssize_t i, Py_ssize_t size) noexcept nogil:
    """The place after white space of JSON."""
    while i < size and (text[i] == 32 or text[i] == 10 or text[i] == 13 or text[i] == 9):
        i += 1
    return i


cdef inline Py_ssize_t value_of(const char* text, Py_ssize_t i, Py_ssize_t size) noexcept nogil:
    """The place after a plain value of JSON; -1 for one that is not plain, -2 for one that goes on."""
    cdef Py_ssize_t start = i
    if i == size:
        return -2
    if text[i] == 34:
        i += 1
        while i < size and text[i] != 34:
            if text[i] == 92 or 0 <= text[i] < 32:
                return -1
            i += 1
        return -2 if i == size else i + 1
    if text[i] == 45 or is_digit(text[i]):
        # the forms that JSON refuses (01, .5, 1., +1) are left to its own reader
        i += text[i] == 45
        if i + 1 < size and text[i] == 48 and is_digit(text[i + 1]):
            return -1
        if i < size and not is_digit(text[i]):
            return -1
        while i < size and (is_digit(text[i]) or text[i] == 46 or text[i] == 101 or text[i] == 69
                            or text[i] == 45 or text[i] == 43):
            if text[i] == 46 and i + 1 < size and not is_digit(text[i + 1]):
                return -1
            i += 1
        return -2 if i == size else i
    if size - i < 5:
        return -2
    if memcmp(text + i, b"null", 4) == 0 or memcmp(text + i, b"true", 4) == 0:
        return start + 4
    return start + 5 if memcmp(text + i, b"false", 5) == 0 else -1


cdef class Scanner:
    """Columns of a table of delimited text.

    Parameters
    ----------
    delimiter : str
        One character.
    width : int
        Number of columns.
    places, kinds : list of int
        Which columns are taken, in ascending order, and what stands in them.
    labels : list of dict
        For each column the codes of the labels by their bytes.
    """

    cdef char delimiter
    cdef int width, count
    cdef int places[16]
    cdef int kinds[16]
    cdef void* out[16]
    cdef list labels
    cdef const char* last[16]
    cdef Py_ssize_t last_length[16]
    cdef int32_t last_code[16]

    def __init__(self, str delimiter, int width, list places, list kinds, list labels):
        cdef int i
        if len(places) > MOST or len(kinds) != len(places) or len(labels) != len(places):
            raise ValueError("too many columns")
        self.delimiter = ord(delimiter)
        self.width = width
        self.count = len(places)
        self.labels = labels
        for i in range(self.count):
            self.places[i] = places[i]
            self.kinds[i] = kinds[i]
            self.last_length[i] = -1

    def scan(self, bytes data, Py_ssize_t start, bint final, list arrays):
        """Fill the arrays with the rows of the lines from a place on.

        Parameters
        ----------
        data : bytes
            The text.
        start : int
            Where a line begins in it.
        final : bool
            Whether the text ends with the data, so that its last line is whole without a line's end.
        arrays : list of ndarray
            One a column, float64, int64 or int32, contiguous and of one length.

        Returns
        -------
        tuple of int
            Rows and lines taken, where the next line begins, and whether it is one that this does not understand.
        """
        cdef Py_ssize_t room = self.take(arrays), rows = 0, lines = 0
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data), next_line
        cdef const char* text = PyBytes_AS_STRING(data)
        cdef int result
        if not 0 <= start <= size:
            raise ValueError("start must be a place in data")
        while start < size and rows < room:
            result = self.line(text, start, size, final, rows, &next_line)
            if result < 0:
                return rows, lines, start, result == -1
            rows += result
            lines += 1
            start = next_line
        return rows, lines, start, False

    def scan_rows(self, bytes data, Py_ssize_t start, list names, list arrays):
        """As `scan`, of the rows of a JSON array: objects with these names in this order, or lists without names.

        Parameters
        ----------
        data : bytes
            The text.
        start : int
            Where a row begins in it, or the comma or space in front of one.
        names : list of bytes
            The names of all columns, each in quotes; empty for lists.
        arrays : list of ndarray
            As of `scan`.

        Returns
        -------
        tuple of int
            Rows taken, the place after the last of them, and whether something else follows than the start of a row.
        """
        cdef Py_ssize_t rows = 0, size = PyBytes_GET_SIZE(data), end
        cdef const char* text = PyBytes_AS_STRING(data)
        cdef Py_ssize_t room = self.take(arrays)
        cdef const char* keys[64]
        cdef Py_ssize_t lengths[64]
        cdef int i, result
        if not 0 <= start <= size or len(names) not in (0, self.width) or self.width > 64:
            raise ValueError("start must be a place in data, names one a column")
        for i in range(len(names)):
            keys[i] = PyBytes_AS_STRING(names[i])
            lengths[i] = PyBytes_GET_SIZE(names[i])
        while rows < room:
            result = self.row(text, start, size, len(names) > 0, keys, lengths, rows, &end)
            if result < 0:
                return rows, start, result == -1
            rows += 1
            start = end
        return rows, start, False

    cdef int row(
        self, const char* text, Py_ssize_t start, Py_ssize_t size, bint named, const char** keys,
        const Py_ssize_t* lengths, Py_ssize_t row, Py_ssize_t* after,
    ) except -9:
        """1 for a row, -1 for one that is not understood, -2 for one that goes on."""
        cdef Py_ssize_t i = gap(text, start, size), begin, end
        cdef int field, taken = 0
        if i < size and text[i] == 44:
            i = gap(text, i + 1, size)
        if i == size:
            return -2
        if text[i] != (123 if named else 91):
            return -1
        for field in range(self.width):
            i = gap(text, i + 1, size)
            if named:
                if i + lengths[field] >= size:
                    return -2
                if memcmp(text + i, keys[field], lengths[field]) != 0:
                    return -1
                i = gap(text, i + lengths[field], size)
                if i == size:
                    return -2
                if text[i] != 58:
                    return -1
                i = gap(text, i + 1, size)
            end = value_of(text, i, size)
            if end < 0:
                return <int> end
            begin = i
            i = gap(text, end, size)
            if i == size:
                return -2
            if text[i] != (44 if field < self.width - 1 else 125 if named else 93):
                return -1
            if taken == self.count or field != self.places[taken]:
                continue
            if text[begin] == 34:
                begin += 1
                end -= 1
            elif text[begin] == 110:
                # null
                end = begin
            elif self.kinds[taken] == LABEL or text[begin] == 116 or text[begin] == 102:
                # true and false are no numbers, and a number is no name of the kind that is compared here
                return -1
            while end > begin and text[end - 1] == 32:
                end -= 1
            while begin < end and text[begin] == 32:
                begin += 1
            if not self.cell(taken, text + begin, end - begin, row):
                return -1
            taken += 1
        after[0] = i + 1
        return 1

    cdef Py_ssize_t take(self, list arrays) except -1:
        """The room in the arrays, which are checked."""
        cdef Py_ssize_t room = len(arrays[0]) if arrays else 0
        cdef int i
        if len(arrays) != self.count:
            raise ValueError("arrays must be one a column")
        for i in range(self.count):
            kind = "i4" if self.kinds[i] == LABEL else "f8" if self.kinds[i] <= PERCENT else "i8"
            array = arrays[i]
            if array.dtype.str[1:] != kind or len(array) != room or not array.flags.c_contiguous:
                raise ValueError("arrays must be of the type of their column, and of one length")
            self.out[i] = cnp.PyArray_DATA(array)
            # the pointers are into the text of the call before
            self.last_length[i] = -1
        return room

    cdef int line(
        self, const char* text, Py_ssize_t start, Py_ssize_t size, bint final, Py_ssize_t row, Py_ssize_t* next_line,
    ) except -9:
        """1 for a row, 0 for a blank line, -1 for a line that is not understood, -2 for one that goes on."""
        cdef Py_ssize_t i = start, begin, end
        cdef int field = 0, taken = 0
        cdef char delimiter = self.delimiter, mark
        cdef bint blank = True, quoted
        while True:
            while i < size and text[i] == 32 and delimiter != 32:
                i += 1
            quoted = i < size and text[i] == 34
            if quoted:
                i += 1
                begin = i
                while i < size and text[i] != 34:
                    if text[i] == 10 or text[i] == 13:
                        return -1
                    i += 1
                if i == size:
                    return -1 if final else -2
                end = i
                i += 1
                if i < size and text[i] != delimiter and text[i] != 10 and text[i] != 13:
                    return -1
            else:
                begin = i
                while i < size:
                    mark = text[i]
                    # line ends and nearly all delimiters are the lowest characters that occur
                    if mark == delimiter or mark == 10 or mark == 13:
                        break
                    if mark == 34:
                        return -1
                    i += 1
                end = i
            if i == size and not final:
                return -2
            while end > begin and text[end - 1] == 32:
                end -= 1
            while begin < end and text[begin] == 32:
                begin += 1
            if field < self.width:
                if taken < self.count and field == self.places[taken]:
                    if not self.cell(taken, text + begin, end - begin, row):
                        # a blank line has no cell to take
                        blank = blank and end == begin and (i == size or text[i] == 10 or text[i] == 13)
                        if not blank or field:
                            return -1
                    else:
                        blank = blank and end == begin
                    taken += 1
                else:
                    blank = blank and end == begin
            elif end > begin:
                return -1
            field += 1
            if i == size or text[i] == 10 or text[i] == 13:
                break
            i += 1
        if i < size:
            if text[i] == 13:
                if i + 1 == size and not final:
                    return -2
                i += i + 1 < size and text[i + 1] == 10
            i += 1
        next_line[0] = i
        if field == 1 and blank:
            return 0
        return 1 if field >= self.width and not blank else -1

    cdef bint cell(self, int column, const char* text, Py_ssize_t length, Py_ssize_t row) except *:
        cdef int kind = self.kinds[column]
        cdef int64_t* stamp = <int64_t*> self.out[column] + row
        if kind <= PERCENT:
            return number_of(text, length, kind == PERCENT, <double*> self.out[column] + row)
        if kind == EPOCH:
            return epoch_of(text, length, stamp)
        if kind == LOCAL or kind == ZONED:
            return iso_of(text, length, kind == ZONED, stamp)
        if kind == COMPACT:
            return compact_of(text, length, stamp)
        if kind == CLOCK:
            return length > 0 and clock_of(text, length, stamp) == length
        return self.label(column, text, length, <int32_t*> self.out[column] + row)

    cdef bint label(self, int column, const char* text, Py_ssize_t length, int32_t* out) except *:
        # the label of the line before, as a rule
        if length == self.last_length[column] and memcmp(text, self.last[column], length) == 0:
            out[0] = self.last_code[column]
            return True
        code = self.labels[column].get(text[:length])
        if code is None:
            return False
        self.last[column] = text
        self.last_length[column] = length
        self.last_code[column] = code
        out[0] = code
        return True
