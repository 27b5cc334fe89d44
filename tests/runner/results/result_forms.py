"""What `run()` may return, and what becomes of it in each format: one table, tested and printed as a page.

`python -m tests.runner.results.result_forms` writes docs/result-forms.md.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "result-forms.md"

IMPORTS = """\
import collections, datetime, decimal
import numpy, pandas
Row = collections.namedtuple("Row", "name score")
"""

REFUSED = "refused"


@dataclass(frozen=True)
class Form:
    """One form: an expression for all that one call of `run()` returns, and its rows as text, or the word REFUSED.

    `parquet` is what reading the file back gives, as Python prints it.
    """

    what: str
    code: str
    azureml: str
    csv: str
    jsonl: str
    parquet: str


FORMS = (
    Form("text", "['00123', '1e5', 'a,b']", "00123|1e5|a,b", 'prediction|00123|1e5|"a,b"',
         '"00123"|"1e5"|"a,b"', "[{'prediction': '00123'}, {'prediction': '1e5'}, {'prediction': 'a,b'}]"),
    Form("numbers, large and with all digits", "[9007199254740993, 2**70][:1] + [-3]", "9007199254740993|-3",
         "prediction|9007199254740993|-3", "9007199254740993|-3",
         "[{'prediction': 9007199254740993}, {'prediction': -3}]"),
    Form("an integer beyond 64 bits", "[2**70]", "1180591620717411303424", "prediction|1180591620717411303424",
         "1180591620717411303424", "[{'prediction': '1180591620717411303424'}]"),
    Form("floating-point numbers", "[0.12345678901234567, 1.2345678901234567e-12]",
         "0.12345678901234566|1.2345678901234567e-12", "prediction|0.12345678901234566|1.2345678901234567e-12",
         "0.12345678901234566|1.2345678901234567e-12",
         "[{'prediction': 0.12345678901234566}, {'prediction': 1.2345678901234567e-12}]"),
    Form("nothing, and no number", "[None, float('nan'), float('inf')]", "None|nan|inf", 'prediction|""|nan|inf',
         "null|null|null", "[{'prediction': None}, {'prediction': nan}, {'prediction': inf}]"),
    Form("booleans", "[True, numpy.bool_(False)]", "True|False", "prediction|True|False", "true|false",
         "[{'prediction': True}, {'prediction': False}]"),
    Form("an integer beside a text", "[12, 'A1']", "12|A1", "prediction|12|A1", '12|"A1"',
         "[{'prediction': '12'}, {'prediction': 'A1'}]"),
    Form("dicts", "[{'file': 'a', 'p': 0.5}, {'p': 1, 'file': 'b'}]", "{'file': 'a', 'p': 0.5}|{'p': 1, 'file': 'b'}",
         "file,p|a,0.5|b,1", '{"file": "a", "p": 0.5}|{"p": 1, "file": "b"}',
         "[{'file': 'a', 'p': 0.5}, {'file': 'b', 'p': 1.0}]"),
    Form("dicts of other keys", "[{'a': 1}, {'b': 2}]", "{'a': 1}|{'b': 2}", REFUSED, '{"a": 1}|{"b": 2}',
         "[{'a': 1, 'b': None}, {'a': None, 'b': 2}]"),
    Form("dicts with keys and values of numpy", "[{numpy.int64(1): numpy.float64(0.5)}]",
         "{np.int64(1): np.float64(0.5)}", "1|0.5",
         '{"1": 0.5}', "[{'1': 0.5}]"),
    Form("lists", "[['a', 0.5], ['b', 1.0]]", "['a', 0.5]|['b', 1.0]", "0,1|a,0.5|b,1.0", '["a", 0.5]|["b", 1.0]',
         "[{'0': 'a', '1': 0.5}, {'0': 'b', '1': 1.0}]"),
    Form("tuples", "[('a', 0.5)]", "('a', 0.5)", "0,1|a,0.5", '["a", 0.5]', "[{'0': 'a', '1': 0.5}]"),
    Form("named tuples", "[Row('a', 0.5)]", "Row(name='a', score=0.5)", "name,score|a,0.5",
         '{"name": "a", "score": 0.5}', "[{'name': 'a', 'score': 0.5}]"),
    Form("lists in lists", "[['a', [1, 2]]]", "['a', [1, 2]]", '0,1|a,"[1, 2]"', '["a", [1, 2]]',
         "[{'0': 'a', '1': [1, 2]}]"),
    Form("numbers of numpy", "[numpy.float32(0.1), numpy.float32(2)]", "0.1|2.0", "prediction|0.1|2.0",
         "0.10000000149011612|2.0", "[{'prediction': 0.10000000149011612}, {'prediction': 2.0}]"),
    Form("large integers of numpy", "[numpy.uint64(18446744073709551615)]", "18446744073709551615",
         "prediction|18446744073709551615", "18446744073709551615", "[{'prediction': 18446744073709551615}]"),
    Form("arrays of no dimension", "[numpy.array(0.5)]", "0.5", "prediction|0.5", "0.5", "[{'prediction': 0.5}]"),
    Form("arrays", "[numpy.array([0.5, 1.0])]", "[0.5 1. ]", "0,1|0.5,1.0", "[0.5, 1.0]",
         "[{'0': 0.5, '1': 1.0}]"),
    Form("arrays of two dimensions", "[numpy.array([[1, 2], [3, 4]])]", "[[1 2]| [3 4]]",
         '0,1|"[1, 2]","[3, 4]"', "[[1, 2], [3, 4]]", "[{'0': [1, 2], '1': [3, 4]}]"),
    Form("arrays in dicts", "[{'p': numpy.array([0.5, 1.0])}]", "{'p': array([0.5, 1. ])}", 'p|"[0.5, 1.0]"',
         '{"p": [0.5, 1.0]}', "[{'p': [0.5, 1.0]}]"),
    Form("Series", "[pandas.Series([1, 0.5], index=['n', 'p'])]", "n    1.0|p    0.5|dtype: float64", "n,p|1.0,0.5",
         '{"n": 1.0, "p": 0.5}', "[{'n': 1.0, 'p': 0.5}]"),
    Form("dates", "[datetime.date(2021, 3, 31)]", "2021-03-31", "prediction|2021-03-31", '"2021-03-31"',
         "[{'prediction': datetime.date(2021, 3, 31)}]"),
    Form("times", "[datetime.datetime(2021, 3, 31, 1, 2, 3, 4)]", "2021-03-31 01:02:03.000004",
         "prediction|2021-03-31 01:02:03.000004", '"2021-03-31T01:02:03.000004"',
         "[{'prediction': datetime.datetime(2021, 3, 31, 1, 2, 3, 4)}]"),
    Form("times to the nanosecond", "[pandas.Timestamp('2021-03-31T01:02:03.123456789')]",
         "2021-03-31 01:02:03.123456789", "prediction|2021-03-31 01:02:03.123456789",
         '"2021-03-31T01:02:03.123456789"', "[{'prediction': Timestamp('2021-03-31 01:02:03.123456789')}]"),
    Form("times of numpy", "[numpy.datetime64('2021-03-31T01:02:03.123456789')]", "2021-03-31T01:02:03.123456789",
         "prediction|2021-03-31T01:02:03.123456789", '"2021-03-31T01:02:03.123456789"',
         "[{'prediction': Timestamp('2021-03-31 01:02:03.123456789')}]"),
    Form("missing times and values of pandas", "[pandas.NaT, pandas.NA]", "NaT|<NA>", "prediction|NaT|<NA>",
         "null|null", "[{'prediction': None}, {'prediction': None}]"),
    Form("decimals", "[decimal.Decimal('1.10')]", "1.10", "prediction|1.10", '"1.10"',
         "[{'prediction': Decimal('1.10')}]"),
    Form("bytes", "[b'\\x00abc']", "b'\\x00abc'", "prediction|b'\\x00abc'", '"AGFiYw=="',
         "[{'prediction': b'\\x00abc'}]"),
    Form("a DataFrame of texts", "pandas.DataFrame({'f': ['a b', '007'], 'l': ['x', None]})", '"a b" x|007 ',
         'f,l|a b,x|007,', '{"f": "a b", "l": "x"}|{"f": "007", "l": null}',
         "[{'f': 'a b', 'l': 'x'}, {'f': '007', 'l': None}]"),
    Form("a DataFrame of floats", "pandas.DataFrame({'p': [0.12345678901234567, 1.2345678901234567e-12]})",
         "0.12345678901234566|1.2345678901234567e-12", "p|0.12345678901234566|1.2345678901234567e-12",
         '{"p": 0.12345678901234566}|{"p": 1.2345678901234567e-12}',
         "[{'p': 0.12345678901234566}, {'p': 1.2345678901234567e-12}]"),
    Form("a DataFrame of float32", "pandas.DataFrame({'p': numpy.array([0.1, 2], 'float32')})", "0.1|2.0",
         "p|0.1|2.0", '{"p": 0.10000000149011612}|{"p": 2.0}', "[{'p': 0.10000000149011612}, {'p': 2.0}]"),
    Form("a DataFrame with missing and infinite numbers", "pandas.DataFrame({'p': [0.5, numpy.nan, numpy.inf]})",
         '0.5|""|inf', 'p|0.5|""|inf', '{"p": 0.5}|{"p": null}|{"p": null}', "[{'p': 0.5}, {'p': None}, {'p': inf}]"),
    Form("a DataFrame of integers", "pandas.DataFrame({'n': [9007199254740993], 'u': "
         "numpy.array([2**64 - 1], 'uint64'), 's': numpy.array([-3], 'int8')})",
         "9007199254740993 18446744073709551615 -3", "n,u,s|9007199254740993,18446744073709551615,-3",
         '{"n": 9007199254740993, "u": 18446744073709551615, "s": -3}',
         "[{'n': 9007199254740993, 'u': 18446744073709551615, 's': -3}]"),
    Form("a DataFrame of integers that may be missing",
         "pandas.DataFrame({'n': pandas.array([9007199254740993, None], dtype='Int64')})", '9007199254740993|""',
         'n|9007199254740993|""', '{"n": 9007199254740993}|{"n": null}',
         "[{'n': 9007199254740993}, {'n': None}]"),
    Form("a DataFrame of booleans and categories", "pandas.DataFrame({'b': [True], 'c': "
         "pandas.Categorical(['x'])})", "True x", "b,c|True,x", '{"b": true, "c": "x"}', "[{'b': True, 'c': 'x'}]"),
    Form("a DataFrame of times", "pandas.DataFrame({'t': pandas.to_datetime(['2021-03-31T01:02:03.123456789'])})",
         '"2021-03-31 01:02:03.123456789"', "t|2021-03-31 01:02:03.123456789",
         '{"t": "2021-03-31T01:02:03.123456789"}', "[{'t': Timestamp('2021-03-31 01:02:03.123456789')}]"),
    Form("a DataFrame of times with a zone",
         "pandas.DataFrame({'t': pandas.to_datetime(['2021-03-31T01:02:03']).tz_localize('UTC')})",
         '"2021-03-31 01:02:03+00:00"', "t|2021-03-31 01:02:03+00:00", '{"t": "2021-03-31T01:02:03+00:00"}',
         "[{'t': datetime.datetime(2021, 3, 31, 1, 2, 3, tzinfo=zoneinfo.ZoneInfo(key='UTC'))}]"),
    Form("a DataFrame of durations", "pandas.DataFrame({'d': pandas.to_timedelta([1], unit='ns')})",
         '"0 days 00:00:00.000000001"', "d|0 days 00:00:00.000000001", '{"d": "P0DT0H0M0.000000001S"}',
         "[{'d': Timedelta('0 days 00:00:00.000000001')}]"),
    Form("a DataFrame with arrays", "pandas.DataFrame({'p': [numpy.array([0.5, 1.0])]})", '"[0.5 1. ]"',
         'p|"[0.5, 1.0]"', '{"p": [0.5, 1.0]}', "[{'p': [0.5, 1.0]}]"),
    Form("a DataFrame of mixed objects", "pandas.DataFrame({'o': [1, 'x', {'k': [2]}]})", "1|x|\"{'k': [2]}\"",
         "o|1|x|{'k': [2]}", '{"o": 1}|{"o": "x"}|{"o": {"k": [2]}}',
         "[{'o': '1'}, {'o': 'x'}, {'o': '{\"k\": [2]}'}]"),
    Form("arrays of times", "[numpy.array(['2021-03-31T01:02:03.123456789'], 'datetime64[ns]')]",
         "['2021-03-31T01:02:03.123456789']", "0|2021-03-31T01:02:03.123456789", '["2021-03-31T01:02:03.123456789"]',
         "[{'0': Timestamp('2021-03-31 01:02:03.123456789')}]"),
    Form("arrays deep in dicts", "[{'a': {'b': [numpy.array([1 / 3]), numpy.float64(1 / 3)]}}]",
         "{'a': {'b': [array([0.33333333]), np.float64(0.3333333333333333)]}}",
         "a|\"{'b': [[0.3333333333333333], 0.3333333333333333]}\"",
         '{"a": {"b": [[0.3333333333333333], 0.3333333333333333]}}',
         "[{'a': '{\"b\": [[0.3333333333333333], 0.3333333333333333]}'}]"),
    Form("texts with line ends", "[{'a': 'x\\ry', 'b': 1}]", "{'a': 'x\\ry', 'b': 1}", 'a,b|"x\ry",1',
         '{"a": "x\\ry", "b": 1}', "[{'a': 'x\\ry', 'b': 1}]"),
    Form("dicts without keys", "[{}]", "{}", REFUSED, "{}", REFUSED),
    Form("dicts with one name twice", "[{1: 'a', '1': 'b'}]", "{1: 'a', '1': 'b'}", "1,1|a,b", REFUSED, REFUSED),
    Form("Series with one name twice", "[pandas.Series([1, 2], index=['a', 'a'])]", "a    1|a    2|dtype: int64",
         "a,a|1,2", REFUSED, REFUSED),
    Form("a DataFrame for one file", "[pandas.DataFrame({'p': [0.5, 1 / 3]})]", "          p|0  0.500000|1  0.333333",
         "prediction|\"[{'p': 0.5}, {'p': 0.3333333333333333}]\"", '[{"p": 0.5}, {"p": 0.3333333333333333}]',
         "[{'prediction': [{'p': 0.5}, {'p': 0.3333333333333333}]}]"),
    Form("times deep in dicts", "[{'t': [pandas.Timestamp('2021-03-31T01:02:03.123456789')]}]",
         "{'t': [Timestamp('2021-03-31 01:02:03.123456789')]}", "t|[Timestamp('2021-03-31 01:02:03.123456789')]",
         '{"t": ["2021-03-31T01:02:03.123456789"]}', "[{'t': [Timestamp('2021-03-31 01:02:03.123456789')]}]"),
    Form("a time beside a date", "[datetime.date(2021, 1, 1), datetime.datetime(2021, 1, 1, 5)]",
         "2021-01-01|2021-01-01 05:00:00", "prediction|2021-01-01|2021-01-01 05:00:00",
         '"2021-01-01"|"2021-01-01T05:00:00"', "[{'prediction': '2021-01-01'}, {'prediction': '2021-01-01T05:00:00'}]"),
    Form("a duration beside a number", "[datetime.timedelta(1), 1]", "1 day, 0:00:00|1",
         'prediction|"1 day, 0:00:00"|1',
         '"1 day, 0:00:00"|1', "[{'prediction': '1 day, 0:00:00'}, {'prediction': '1'}]"),
    Form("a time without a zone beside one with",
         "[datetime.datetime(2021, 1, 1), datetime.datetime(2021, 1, 1, tzinfo=datetime.timezone.utc)]",
         "2021-01-01 00:00:00|2021-01-01 00:00:00+00:00", "prediction|2021-01-01 00:00:00|2021-01-01 00:00:00+00:00",
         '"2021-01-01T00:00:00"|"2021-01-01T00:00:00+00:00"',
         "[{'prediction': '2021-01-01T00:00:00'}, {'prediction': '2021-01-01T00:00:00+00:00'}]"),
    Form("bytes beside a text", "[b'a', 'b']", "b'a'|b", "prediction|b'a'|b", '"YQ=="|"b"',
         "[{'prediction': 'YQ=='}, {'prediction': 'b'}]"),
    Form("complex numbers", "[1 + 2j]", "(1+2j)", "prediction|(1+2j)", '"(1+2j)"', "[{'prediction': '(1+2j)'}]"),
    Form("sets", "[{3, 1, 2}]", "{1, 2, 3}", 'prediction|"{1, 2, 3}"', "[1, 2, 3]", "[{'prediction': [1, 2, 3]}]"),
    Form("names that are no UTF-8", "[{'file': 'a\\udcff'}]", "{'file': 'a\\udcff'}", "file|a\udcff",
         '{"file": "a\\udcff"}', "[{'file': 'a\\\\udcff'}]"),
    Form("a DataFrame of months and intervals", "pandas.DataFrame({'m': pandas.period_range('2021-03', '2021-03', "
         "freq='M'), 'i': pandas.interval_range(0, 1)})", '2021-03 "(0, 1]"', 'm,i|2021-03,"(0, 1]"',
         '{"m": "2021-03", "i": "(0, 1]"}', "[{'m': '2021-03', 'i': '(0, 1]'}]"),
    Form("a DataFrame of times as objects",
         "pandas.DataFrame({'t': [pandas.Timestamp('2021-03-31T01:02:03.123456789'), None]}, dtype=object)",
         '"2021-03-31 01:02:03.123456789"|""', 't|2021-03-31 01:02:03.123456789|""',
         '{"t": "2021-03-31T01:02:03.123456789"}|{"t": null}',
         "[{'t': Timestamp('2021-03-31 01:02:03.123456789')}, {'t': None}]"),
    Form("a DataFrame of texts as objects", "pandas.DataFrame({'t': ['007', numpy.nan]}, dtype=object)", '007|""',
         't|007|""', '{"t": "007"}|{"t": null}', "[{'t': '007'}, {'t': None}]"),
    Form("a DataFrame with two columns of one name", "pandas.DataFrame([[1, 2]], columns=[1, '1'])", "1 2", "1,1|1,2",
         REFUSED, REFUSED),
    Form("an array instead of a list", "numpy.array([0.5])", REFUSED, REFUSED, REFUSED, REFUSED),
    Form("a Series instead of a list", "pandas.Series([0.5])", REFUSED, REFUSED, REFUSED, REFUSED),
)  # fmt: skip

HEAD = """\
# What a scoring script may return

`run()` returns a list with an item for each file it was given, a tuple, or a pandas DataFrame. This page is the table
that `tests/runner/results/test_result_forms.py` tests, as `python -m tests.runner.results.result_forms` writes it:
for each form what stands in the file of predictions, in each of the four formats. `|` separates lines; for Parquet
the table shows what reading the file gives, as Python prints it.

- **azureml**, the default, is what the service writes: `str(item)`, and DataFrames separated by spaces, without a
  header. numpy, pandas and tensors round in their displays and leave out the middle (`...`): the job warns of that.
- **csv** has a header. Equal sets of columns are one header, by name. The file has the set that most items have (the
  earlier one of two that have as many), in the order of the first mini-batch with it, whoever scored it; a mini-batch
  with another set fails (`ColumnsDiffer`), and so do its items.
- **jsonl** has one JSON value a line. What JSON has no number for (NaN, infinity) is `null`; times are ISO 8601, bytes
  base64, decimals text.
- **parquet** has one type a column. A column whose values have types that no one type holds exactly is text, with a
  warning, and so is one of a type that Parquet does not hold exactly. A column that a mini-batch lacks is null there.

A row without columns, or with two values of one name where the format keeps one, is refused: its item fails, the others
of its mini-batch do not.

| run() returns | azureml | csv | jsonl | parquet |
|-|-|-|-|-|
"""


def page() -> str:
    """The documentation's page."""
    rows = []
    for form in FORMS:
        cells = [_code(getattr(form, name)) for name in ("azureml", "csv", "jsonl", "parquet")]
        rows.append(f"| {form.what}: {_code(form.code)} | " + " | ".join(cells) + " |\n")
    return HEAD + "".join(rows)


def _code(text: str) -> str:
    return (
        "refused"
        if text == REFUSED
        else "`" + text.replace("|", "\\|").replace("\r", "\\r").replace("\udcff", "\\xff") + "`"
    )


def value_of(form: Form) -> Any:
    """What a script that returns this form returns."""
    names: dict[str, Any] = {}
    exec(IMPORTS, names)
    return eval(form.code, names)


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
