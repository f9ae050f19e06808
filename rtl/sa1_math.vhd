-- Stand-ins for the Altera multiplier and divider of rtl/chip/SA1: the same entities and ports.

library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity sa1mult is
	port (
		dataa  : in  std_logic_vector(15 downto 0);
		datab  : in  std_logic_vector(15 downto 0);
		result : out std_logic_vector(31 downto 0)
	);
end sa1mult;

architecture sim of sa1mult is
begin
	result <= std_logic_vector(signed(dataa) * signed(datab));
end sim;

library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

-- Signed by unsigned, remainder never negative, six clocks late.
entity sa1div is
	port (
		clock    : in  std_logic;
		denom    : in  std_logic_vector(15 downto 0);
		numer    : in  std_logic_vector(15 downto 0);
		quotient : out std_logic_vector(15 downto 0);
		remain   : out std_logic_vector(15 downto 0)
	);
end sa1div;

architecture sim of sa1div is
	type pipe_t is array (0 to 5) of std_logic_vector(31 downto 0);
	signal pipe : pipe_t;
begin
	process (clock)
		variable n, d, q, r : signed(17 downto 0);
	begin
		if rising_edge(clock) then
			n := resize(signed(numer), 18);
			d := signed(resize(unsigned(denom), 18));
			if d = 0 then
				q := (others => '0');
				r := (others => '0');
			else
				q := n / d;
				r := n - resize(q * d, 18);
				if r < 0 then
					q := q - 1;
					r := r + d;
				end if;
			end if;
			pipe <= std_logic_vector(q(15 downto 0) & r(15 downto 0)) & pipe(0 to 4);
		end if;
	end process;
	quotient <= pipe(5)(31 downto 16);
	remain <= pipe(5)(15 downto 0);
end sim;
