-- What the core takes from its FPGA and this simulation writes itself: the same entities, the same ports.
--
-- The Altera memories of rtl/bram.vhd and rtl/mlab.vhd: registered address, unregistered output, new data on a read
-- during a write. No contents to begin with: they are what the simulator is told, zeros or noise.

library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity dpram_dif is
	generic (
		addr_width_a  : integer := 8;
		data_width_a  : integer := 8;
		addr_width_b  : integer := 8;
		data_width_b  : integer := 8;
		mem_init_file : string := " "
	);
	port (
		clock     : in  std_logic;
		address_a : in  std_logic_vector(addr_width_a-1 downto 0);
		data_a    : in  std_logic_vector(data_width_a-1 downto 0) := (others => '0');
		enable_a  : in  std_logic := '1';
		wren_a    : in  std_logic := '0';
		q_a       : out std_logic_vector(data_width_a-1 downto 0);
		cs_a      : in  std_logic := '1';
		address_b : in  std_logic_vector(addr_width_b-1 downto 0) := (others => '0');
		data_b    : in  std_logic_vector(data_width_b-1 downto 0) := (others => '0');
		enable_b  : in  std_logic := '1';
		wren_b    : in  std_logic := '0';
		q_b       : out std_logic_vector(data_width_b-1 downto 0);
		cs_b      : in  std_logic := '1'
	);
end entity;

architecture sim of dpram_dif is
	-- Words of the narrower port; the wider port takes several of them, the lowest first.
	function smaller(a, b : integer) return integer is
	begin
		if a < b then return a; else return b; end if;
	end function;
	constant width   : integer := smaller(data_width_a, data_width_b);
	constant parts_a : integer := data_width_a / width;
	constant parts_b : integer := data_width_b / width;
	type store_t is array (0 to 2**addr_width_a * parts_a - 1) of std_logic_vector(width-1 downto 0);
	signal q0 : std_logic_vector(data_width_a-1 downto 0);
	signal q1 : std_logic_vector(data_width_b-1 downto 0);
begin
	assert 2**addr_width_a * data_width_a = 2**addr_width_b * data_width_b severity failure;

	q_a <= q0 when cs_a = '1' else (others => '1');
	q_b <= q1 when cs_b = '1' else (others => '1');

	process (clock)
		variable store : store_t;
		variable at_a, at_b : integer;
	begin
		if rising_edge(clock) then
			at_a := to_integer(unsigned(address_a)) * parts_a;
			at_b := to_integer(unsigned(address_b)) * parts_b;
			if enable_a = '1' and wren_a = '1' and cs_a = '1' then
				for i in 0 to parts_a-1 loop
					store(at_a + i) := data_a((i+1)*width-1 downto i*width);
				end loop;
			end if;
			if enable_b = '1' and wren_b = '1' and cs_b = '1' then
				for i in 0 to parts_b-1 loop
					store(at_b + i) := data_b((i+1)*width-1 downto i*width);
				end loop;
			end if;
			if enable_a = '1' then
				for i in 0 to parts_a-1 loop
					q0((i+1)*width-1 downto i*width) <= store(at_a + i);
				end loop;
			end if;
			if enable_b = '1' then
				for i in 0 to parts_b-1 loop
					q1((i+1)*width-1 downto i*width) <= store(at_b + i);
				end loop;
			end if;
		end if;
	end process;
end sim;

library ieee;
use ieee.std_logic_1164.all;

entity dpram is
	generic (
		addr_width    : integer := 8;
		data_width    : integer := 8;
		mem_init_file : string := " "
	);
	port (
		clock     : in  std_logic;
		address_a : in  std_logic_vector(addr_width-1 downto 0);
		data_a    : in  std_logic_vector(data_width-1 downto 0) := (others => '0');
		enable_a  : in  std_logic := '1';
		wren_a    : in  std_logic := '0';
		q_a       : out std_logic_vector(data_width-1 downto 0);
		cs_a      : in  std_logic := '1';
		address_b : in  std_logic_vector(addr_width-1 downto 0) := (others => '0');
		data_b    : in  std_logic_vector(data_width-1 downto 0) := (others => '0');
		enable_b  : in  std_logic := '1';
		wren_b    : in  std_logic := '0';
		q_b       : out std_logic_vector(data_width-1 downto 0);
		cs_b      : in  std_logic := '1'
	);
end entity;

architecture sim of dpram is
begin
	ram : entity work.dpram_dif generic map (addr_width, data_width, addr_width, data_width)
	port map (clock, address_a, data_a, enable_a, wren_a, q_a, cs_a, address_b, data_b, enable_b, wren_b, q_b, cs_b);
end sim;

library ieee;
use ieee.std_logic_1164.all;

entity spram is
	generic (
		addr_width    : integer := 8;
		data_width    : integer := 8;
		mem_init_file : string := " ";
		mem_name      : string := "MEM"
	);
	port (
		clock   : in  std_logic;
		address : in  std_logic_vector(addr_width-1 downto 0);
		data    : in  std_logic_vector(data_width-1 downto 0) := (others => '0');
		enable  : in  std_logic := '1';
		wren    : in  std_logic := '0';
		q       : out std_logic_vector(data_width-1 downto 0);
		cs      : in  std_logic := '1'
	);
end entity;

architecture sim of spram is
begin
	ram : entity work.dpram_dif generic map (addr_width, data_width, addr_width, data_width)
	port map (clock => clock, address_a => address, data_a => data, wren_a => wren, q_a => q, cs_a => cs);
end sim;

library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity mlab is
	generic (
		addr_width : integer := 8;
		data_width : integer := 8
	);
	port (
		clock     : in  std_logic;
		rdaddress : in  std_logic_vector(addr_width-1 downto 0);
		wraddress : in  std_logic_vector(addr_width-1 downto 0);
		data      : in  std_logic_vector(data_width-1 downto 0) := (others => '0');
		wren      : in  std_logic := '0';
		q         : out std_logic_vector(data_width-1 downto 0);
		cs        : in  std_logic := '1'
	);
end entity;

architecture sim of mlab is
	type store_t is array (0 to 2**addr_width-1) of std_logic_vector(data_width-1 downto 0);
	signal store : store_t;
begin
	q <= (others => '1') when cs /= '1' else store(to_integer(unsigned(rdaddress)));

	process (clock)
	begin
		if rising_edge(clock) then
			if wren = '1' then
				store(to_integer(unsigned(wraddress))) <= data;
			end if;
		end if;
	end process;
end sim;

-- The divider of clocks of rtl/CEGen.vhd. There it works on the falling edge, here on the rising edge before it:
-- who reads CE on a rising edge sees the same, and the model has nothing to do on a falling one.

library ieee;
use ieee.std_logic_1164.all;

entity CEGen is
	port (
		CLK     : in  std_logic;
		RST_N   : in  std_logic;
		IN_CLK  : in  integer;
		OUT_CLK : in  integer;
		CE      : out std_logic
	);
end entity;

architecture sim of CEGen is
	signal sum : integer;
begin
	process (RST_N, CLK)
	begin
		if RST_N = '0' then
			sum <= 0;
			CE <= '0';
		elsif rising_edge(CLK) then
			if sum + OUT_CLK >= IN_CLK then
				sum <= sum + OUT_CLK - IN_CLK;
				CE <= '1';
			else
				sum <= sum + OUT_CLK;
				CE <= '0';
			end if;
		end if;
	end process;
end sim;

-- The Game Genie of rtl/cheatcodes.sv, switched off.

library ieee;
use ieee.std_logic_1164.all;

entity codes is
	generic (
		addr_width : in integer := 16;
		data_width : in integer := 8
	);
	port (
		clk        : in  std_logic;
		reset      : in  std_logic;
		enable     : in  std_logic;
		addr_in    : in  std_logic_vector(23 downto 0);
		data_in    : in  std_logic_vector(7 downto 0);
		code       : in  std_logic_vector(128 downto 0);
		available  : out std_logic;
		genie_ovr  : out std_logic;
		genie_data : out std_logic_vector(7 downto 0)
	);
end entity;

architecture sim of codes is
begin
	available <= '0';
	genie_ovr <= '0';
	genie_data <= (others => '0');
end sim;
