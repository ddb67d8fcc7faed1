"""``shortgamma flows``: numbers of real chains, and the line that bad input is answered with."""

import json

import pytest

from shortgamma.cli import main


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


SIGNED = ("--calls", "1", "--puts", "-1", "--spot", "89500")
CHAIN = (
    "date,instrument_name,open_interest,mark_iv\n"
    "2026-01-23T16:00,BTC-13FEB26-100000-C,265.2,35.09\n"
    "2026-01-23T16:00,BTC-13FEB26-80000-P,300,45.0\n"
    "2026-01-23T16:00,BTC-27MAR26-90000-P,,40.0\n"
)


@pytest.fixture(name="chain")
def fixture_chain(tmp_path):
    path = tmp_path / "chain.csv"
    path.write_text(CHAIN)
    return path


def test_signs_are_required(capsys, chain):
    for arguments in ((), ("--calls", "1"), ("--puts", "-1")):
        code, out, err = run(capsys, "flows", chain, *arguments)
        assert (code, out) == (2, "")
        assert "--calls and --puts say what dealers hold" in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--calls", "1", "--puts", "-1"), "does not tell the price of the underlying: give --spot"),
        (("--calls", "2", "--puts", "-1", "--spot", "9e4"), "calls must be a number from -1"),
        (("--calls", "1", "--puts", "-1", "--spot", "9e4", "--depth", "1e9"), "--depth and --shock go together"),
        (
            ("--calls", "1", "--puts", "-1", "--spot", "9e4", "--expiry", "2026-05-01"),
            "--expiry must be one of 2026-02-13",
        ),
        ((*SIGNED, "--funds", "funds.csv"), "--funds is about feedback: give --depth and --shock too"),
        ((*SIGNED, "--notes", "notes.csv"), "--notes is about feedback and pictures: give --depth and --shock"),
        ((*SIGNED, "--plot", "flows.bmp"), "--plot must end with .png, .svg or .pdf, got flows.bmp"),
        ((*SIGNED, "--plot", "nowhere/flows.png"), "cannot write nowhere/flows.png: no such folder"),
    ],
)
def test_bad_input(capsys, chain, arguments, message):
    code, out, err = run(capsys, "flows", chain, *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_small_chain(capsys, chain, tmp_path):
    notes, funds, target = tmp_path / "notes.csv", tmp_path / "funds.csv", tmp_path / "out.json"
    notes.write_text("strike,barrier,vol,expiry,units\n90000,85000,0.4,0.1,1000\n")
    funds.write_text("assets,leverage\n4e9,2\n5e8,-1\n")
    code, out, err = run(
        capsys, "flows", chain, *SIGNED, "--depth", "1e11", "--shock", "-0.05", "--notes", notes, "--funds", funds,
        "--json", target,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "left out: 1 without open interest" in out
    assert "a shock of -5.00 %" in out
    result = json.loads(target.read_text())
    assert result["options"] == 3
    assert result["without_open_interest"] == 1
    # -5 % is 85,025: funds alone, 9 bn per 1.00, bring it below the barrier
    assert result["feedback"]["barriers_touched"] == 1
    assert result["feedback"]["reached"] < -0.05 / (1.0 - 0.09)
    code, out, err = run(
        capsys, "flows", chain, "--calls", "1", "--puts", "-1", "--spot", "89500", "--expiry", "2026-03-27"
    )
    assert code == 0
    assert "1 options at" in out


def test_a_picture(capsys, chain, tmp_path):
    """Two panels: the exposure with its flips, the other signs and the barriers, and the flow."""
    pytest.importorskip("matplotlib")
    notes, target = tmp_path / "notes.csv", tmp_path / "flows.svg"
    notes.write_text("strike,barrier,vol,expiry,units\n90000,85000,0.4,0.1,1000\n")
    code, _, err = run(capsys, "flows", chain, *SIGNED, "--plot", target, "--notes", notes)
    assert (code, err) == (0, "")
    text = target.read_text()
    # matplotlib writes texts as comments beside their outlines
    for words in ("note barrier", "puts alone, dealers short", "dealers short of everything", "book revalued", "flip"):
        assert f"<!-- {words} -->" in text, words
    png = tmp_path / "flows.png"
    assert run(capsys, "flows", chain, *SIGNED, "--plot", png)[0] == 0
    assert png.read_bytes().startswith(b"\x89PNG")
    page = tmp_path / "flows.html"
    assert run(capsys, "flows", chain, *SIGNED, "--report", page, "--notes", notes)[0] == 0
    assert page.read_text().count("<svg") == 2


def test_a_real_chain(capsys, market, tmp_path):
    target = tmp_path / "out.json"
    path = market / "carry" / "options" / "deribit_btc_eod_chain_2021-06-15.csv"
    code, out, err = run(capsys, "flows", path, "--calls", "1", "--puts", "-1", "--json", target)
    assert (code, err) == (0, "")
    result = json.loads(target.read_text())
    assert result["exposures"]["gamma_percent"] == pytest.approx(14825620.721348386, rel=1e-11)
    assert result["flips"] == pytest.approx([35858.7260470408], rel=1e-11)
    others = result["gamma_percent_of_other_signs"]
    assert others["puts alone, dealers short"] == pytest.approx(-18203883.707453817, rel=1e-11)
    assert others["dealers short of everything"] == pytest.approx(-51233388.13625601, rel=1e-11)
    place = result["flow"]["move"].index(-0.05)
    assert result["flow"]["finite"][place] == pytest.approx(53784679.54528837, rel=1e-11)
    assert "gamma changes sign at 35,858.73 (0.8867 of the spot)" in out
    assert "59 without open interest" in out
    assert all(len(line) <= 130 for line in out.splitlines()[1:])
