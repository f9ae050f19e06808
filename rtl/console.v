// The console of the MiSTer core with a cartridge, its memories and two pads: what Verilator makes a program of.
//
// The core's netlist has ports for memories that are other chips of a console, or SDRAM on an FPGA. Here they are
// arrays in the model, so that a clock is one evaluation; libretro.cpp reads and writes them. Each is clocked as in
// the core's SNES.sv: what stands at its inputs before an edge is at its outputs after it. Only ROM answers at once:
// on an FPGA its SDRAM runs at several times the master clock. Wires that a cartridge does not need are constant.
//
// Defined by the build: SA1, for the console with the chip in its cartridge.

module console (
  input mclk, rst_n,
  input cpu_runs,           // 0: the CPU waits, and everything else goes on
  input sound_runs,         // 0: the sound unit is dead
  input [15:0] pad1, pad2,  // buttons as the pads send them, B first; 1 is pressed
  output dotclk, hde, vde,
  output vblank,
  output [23:0] rgb,
  output [15:0] left, right,
  output sysclkf_ce,
  output [23:0] ca,
  output romsel_n, cpurd_n, cpuwr_n,
  output [7:0] pa,
  output pard_n, pawr_n
);
  reg [15:0] rom [0:4194303] /*verilator public_flat_rw*/;
  reg [7:0] wram [0:131071] /*verilator public_flat_rw*/;
  reg [7:0] sram [0:262143] /*verilator public_flat_rw*/;
  reg [15:0] vram [0:32767] /*verilator public_flat_rw*/;
  reg [7:0] aram [0:65535] /*verilator public_flat_rw*/;
  reg [23:0] rom_mask /*verilator public_flat_rw*/;   // bytes of ROM, less one
  reg [23:0] sram_mask /*verilator public_flat_rw*/;

  wire sysclkr_ce, refresh, irq_n;
  wire [7:0] cartridge, bus_out;

  wire [16:0] wram_a;
  wire [7:0] wram_d;
  reg [7:0] wram_q;
  wire wram_ce_n, wram_we_n;
  always @(posedge mclk) begin
    if (!wram_ce_n && !wram_we_n && sysclkf_ce) begin
      wram[wram_a] <= wram_d;
      wram_q <= wram_d;
    end else wram_q <= wram[wram_a];
  end

  wire [15:0] vram_a1, vram_a2;
  wire [7:0] vram_d1, vram_d2;
  reg [7:0] vram_q1, vram_q2;
  wire vram_we1_n, vram_we2_n, vram_oe_n;
  reg vram_oe_n_delayed;
  always @(posedge mclk) begin
    vram_oe_n_delayed <= vram_oe_n;
    if (!vram_we1_n) vram[vram_a1[14:0]][7:0] <= vram_d1;
    if (!vram_we2_n) vram[vram_a2[14:0]][15:8] <= vram_d2;
    vram_q1 <= vram_we1_n ? vram[vram_a1[14:0]][7:0] : vram_d1;
    vram_q2 <= vram_we2_n ? vram[vram_a2[14:0]][15:8] : vram_d2;
  end
  wire vram_shown = !vram_oe_n && !vram_oe_n_delayed;

  wire [15:0] aram_a;
  wire [7:0] aram_d;
  reg [7:0] aram_q;
  wire aram_ce_n, aram_we_n;
  always @(posedge mclk) begin
    if (!aram_ce_n && !aram_we_n) aram[aram_a] <= aram_d;
    aram_q <= !aram_ce_n && !aram_we_n ? aram_d : aram[aram_a];
  end

  // Pads: a shift register each. A line is low for a pressed button, and for ever after the sixteenth.
  wire strobe, clock1, clock2;
  reg old1, old2;
  reg [15:0] shift1, shift2;
  always @(posedge mclk) begin
    old1 <= clock1;
    old2 <= clock2;
    if (strobe) shift1 <= ~pad1; else if (clock1 && !old1) shift1 <= {shift1[14:0], 1'b0};
    if (strobe) shift2 <= ~pad2; else if (clock2 && !old2) shift2 <= {shift2[14:0], 1'b0};
  end

  SNES snes (
    .MCLK(mclk), .DSPCLK(mclk && sound_runs), .RST_N(rst_n), .ENABLE(1'b1), .PAL(1'b0), .BLEND(1'b0),
    .CA(ca), .CPURD_N(cpurd_n), .CPUWR_N(cpuwr_n), .PA(pa), .PARD_N(pard_n), .PAWR_N(pawr_n),
    .DI(cartridge), .DO(bus_out), .ROMSEL_N(romsel_n), .SYSCLKF_CE(sysclkf_ce), .SYSCLKR_CE(sysclkr_ce),
    .REFRESH(refresh), .IRQ_N(irq_n),
    .WSRAM_ADDR(wram_a), .WSRAM_D(wram_d), .WSRAM_Q(wram_q), .WSRAM_CE_N(wram_ce_n), .WSRAM_WE_N(wram_we_n),
    .VRAM_ADDRA(vram_a1), .VRAM_ADDRB(vram_a2), .VRAM_DAO(vram_d1), .VRAM_DBO(vram_d2),
    .VRAM_DAI(vram_shown ? vram_q1 : 8'hFF), .VRAM_DBI(vram_shown ? vram_q2 : 8'hFF),
    .VRAM_WRA_N(vram_we1_n), .VRAM_WRB_N(vram_we2_n), .VRAM_RD_N(vram_oe_n),
    .ARAM_ADDR(aram_a), .ARAM_D(aram_d), .ARAM_Q(aram_q), .ARAM_CE_N(aram_ce_n), .ARAM_WE_N(aram_we_n),
    .DOTCLK(dotclk), .RGB_OUT(rgb), .HDE(hde), .VDE(vde),
    .JOY1_DI({1'b1, shift1[15]}), .JOY2_DI({1'b1, shift2[15]}), .JOY2_P6_in(1'b1),
    .JOY_STRB(strobe), .JOY1_CLK(clock1), .JOY2_CLK(clock2),
    .GG_EN(1'b0), .GG_CODE(129'b0), .GG_RESET(1'b0), .SPC_MODE(1'b0),
    .IO_ADDR(17'b0), .IO_DAT(16'b0), .IO_WR(1'b0),
    .SS_ADDR(9'b0), .SS_BUSY(1'b0), .SS_REGS_SEL(1'b0), .SS_SMP_SEL(1'b0), .SS_WR(1'b0), .SS_DI(8'b0),
    .TURBO(1'b0), .DSP_FREQ(1'b0), .DBG_BG_EN(5'b11111), .DBG_CPU_EN(cpu_runs),
    .AUDIO_L(left), .AUDIO_R(right)
  );
  assign vblank = snes.int_vblank;

`ifdef SA1
  wire [22:0] rom_a;
  wire [19:0] sram_a;
  wire [7:0] sram_d;
  reg [7:0] sram_q;
  wire sram_we_n;
  always @(posedge mclk) begin
    if (!sram_we_n) sram[sram_a[17:0]] <= sram_d;
    sram_q <= sram_we_n ? sram[sram_a[17:0]] : sram_d;
  end
  SA1Map sa1 (
    .MCLK(mclk), .RST_N(rst_n), .ENABLE(1'b1), .CA(ca), .DI(bus_out), .DO(cartridge), .CPURD_N(cpurd_n),
    .CPUWR_N(cpuwr_n), .PA(pa), .PARD_N(pard_n), .PAWR_N(pawr_n), .ROMSEL_N(romsel_n), .RAMSEL_N(1'b1),
    .SYSCLKF_CE(sysclkf_ce), .SYSCLKR_CE(sysclkr_ce), .REFRESH(refresh), .PAL(1'b0), .IRQ_N(irq_n),
    .ROM_ADDR(rom_a), .ROM_Q(rom[rom_a[22:1]]),
    .BSRAM_ADDR(sram_a), .BSRAM_D(sram_d), .BSRAM_Q(sram_q), .BSRAM_WE_N(sram_we_n),
    .MAP_CTRL(8'h60), .ROM_MASK(rom_mask), .BSRAM_MASK(sram_mask), .SS_BUSY(1'b0)
  );
`else
  // LoROM: half a bank of ROM from $8000 on, save RAM in the other halves of banks $70 to $7D.
  assign irq_n = 1'b1;
  wire [23:0] rom_a = {1'b0, ca[23:16], ca[14:0]} & rom_mask & 24'h3FFFFF;
  wire [15:0] word = rom[rom_a[22:1]];
  wire saved = ca[22:20] == 3'b111 && !ca[15] && !romsel_n && sram_mask != 0;
  wire [17:0] sram_a = {ca[18:16], ca[14:0]} & sram_mask[17:0];
  reg [7:0] sram_q;
  always @(posedge mclk) begin
    if (saved && !cpuwr_n && sysclkf_ce) sram[sram_a] <= bus_out;
    sram_q <= sram[sram_a];
  end
  assign cartridge = saved ? sram_q : romsel_n ? 8'hFF : rom_a[0] ? word[15:8] : word[7:0];
`endif
endmodule
