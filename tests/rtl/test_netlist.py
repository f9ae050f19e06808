"""What is changed in the core's VHDL, and what is put right in GHDL's Verilog."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtl.core import read, with_every_choice, with_two_processes, without_unknown_bits
from rtl.netlist import defaults, repaired, together
from trainer.errors import InputError

CASES = """\
case a is -- case of a comment
    when "0" =>
        case b is
            when "1" => c <= "case";
        end case;
    when others => null;
end case;
"""


def test_only_a_case_without_a_choice_for_others_gets_one() -> None:
    assert with_every_choice(CASES) == CASES.replace("        end case;", "        when others => null; end case;")


def test_unknown_bits_of_a_table_are_zeros() -> None:
    assert without_unknown_bits('("XXX", "1X0", X)') == '("000", "1X0", X)'


def test_another_dsp_is_one_line() -> None:
    with pytest.raises(InputError, match="take the commit d1db6f9f"):
        with_two_processes("entity DSP is end DSP;")


def test_a_folder_that_is_no_clone_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"SNES\.vhd: No such file .* `make rtl-core` fetches one") as error:
        read(tmp_path, "SNES")
    assert "\n" not in str(error.value)


VHDL = """\
  with n1 select n2 <=
    n3 when "10",
    n4 when "01",
    "XX01" when others;
  with n1 select n5 <=
    n3 when "10",
    (3 downto 0 => '1') when others;
"""
VERILOG = """\
  always @*
    case (n1)
      2'b10: n2 <= n3;
      2'b01: n2 <= n4;
    endcase
  always @*
    case (n1)
      2'b10: n5 <= n3;
    endcase
  assign wide = "0101";
  reg [31:0] output;
"""
REPAIRED = """\
  always @*
    case (n1)
      2'b10: n2 <= n3;
      2'b01: n2 <= n4;
      default: n2 <= 4'b0001;
    endcase
  always @*
    case (n1)
      2'b10: n5 <= n3;
      default: n5 <= {4{1'b1}};
    endcase
  assign wide = 4'b0101;
  reg [31:0] serial_output;
"""


def test_selections_constants_and_a_keyword_are_put_right() -> None:
    assert repaired(VERILOG, defaults(VHDL)) == REPAIRED


@pytest.mark.parametrize(
    ("vhdl", "verilog"),
    [
        (VHDL.replace("n5 <=", "n2 <="), VERILOG),
        (VHDL.replace('"XX01" when', '"XX01" & n9 when'), VERILOG),
        (VHDL, VERILOG.replace("n5 <=", "n6 <=")),
        (VHDL, VERILOG.split("  always @*\n    case (n1)\n      2'b10: n5")[0]),
        ("", VERILOG),
    ],
    ids=["two that differ", "a value of another form", "another selection", "no selection", "no default"],
)
def test_what_another_ghdl_would_write_is_refused(vhdl: str, verilog: str) -> None:
    with pytest.raises(InputError, match=r"written for GHDL 2\.0"):
        repaired(verilog, defaults(vhdl))


def test_a_module_of_both_netlists_is_there_once() -> None:
    first = "module adder\n  (input a);\nendmodule\n\nmodule snes\n  (input b);\nendmodule\n"
    second = "module adder\n  (input a);\nendmodule\n\nmodule sa1map\n  (input c);\nendmodule\n"
    both = together(first, second)
    assert both.count("module adder") == 1 and both.count("endmodule") == 3 and "module sa1map" in both
