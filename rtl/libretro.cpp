// The simulated console as a libretro core, so that whatever runs a ROM in an emulator runs it on the core's logic.
//
// It holds two models that Verilator made of console.v: the console alone, and the console with an SA-1. A ROM's
// header says which one it needs. What the interface cannot say comes from the environment when a ROM is loaded:
//
//   SNES_RTL_SEED=N      every memory and register begins as noise, and a reset comes at any clock of its frame.
//                        Without it memories begin as $55, the battery's RAM as $FF, registers as 0
//   SNES_RTL_SOUND=dead  the sound unit's clock stands still
//   SNES_RTL_NMI=N       in every frame the interrupt of the vertical blank comes a few clocks after a factor was
//                        written to the PPU's multiplier: the processor is held until then, and nothing else is

#include "Vsa1.h"
#include "Vsa1___024root.h"
#include "Vstock.h"
#include "Vstock___024root.h"
#include "verilated.h"
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr double MASTER_CLOCK = 21477270, FRAME_CLOCKS = 357366;
constexpr int SAMPLE_CLOCKS = 671;  // 32,008 samples a second
constexpr int RESET_CLOCKS = 1000;  // the core clears its palette meanwhile
constexpr unsigned WIDTH = 256, MAX_LINES = 239, PADS = 2, BUTTONS = 12;
constexpr size_t HEADER = 0x7FC0, MAP_MODE = 0x15, RAM_SIZE = 0x18, MAX_ROM = 8 << 20, MAX_SRAM = 256 << 10;
constexpr uint8_t SA1_MAP = 0x23;

const char *setting(const char *name) { return getenv(name); }

struct Memory {
    void *data;
    size_t size;
};

// What is the same for both models.
class Machine {
public:
    virtual ~Machine() = default;
    virtual void frame() = 0;
    virtual void reset() = 0;
    virtual Memory wram() = 0;
    virtual Memory vram() = 0;
    virtual Memory sram() = 0;
    virtual unsigned interrupts_placed() = 0;

    uint16_t pads[PADS] = {};
    std::vector<uint32_t> picture, shown;
    std::vector<int16_t> sound;
};

// Holds the processor behind the first write of a factor to the PPU's multiplier in the last lines of a picture, so
// that the interrupt of the vertical blank comes a chosen number of clocks later. While it is held it reads the same
// byte of ROM again and again, which changes nothing; everything else goes on.
class Holder {
public:
    explicit Holder(const char *seed) : active(seed), random(seed ? strtoul(seed, nullptr, 10) : 0) {}

    // Whether the processor may run on the next clock.
    template <class Root> bool runs(const Root &now) {
        since_blank++;
        if (now.vblank && !blank) {
            period = since_blank;
            since_blank = 0;
            left = random() % LONGEST;
            state = WAITING;
        }
        blank = now.vblank;
        bool writes_factor = now.sysclkf_ce && !now.pawr_n && now.pa == FACTOR;
        bool reads_rom = !now.cpurd_n && !now.romsel_n;
        if (state == WAITING && writes_factor && since_blank + LAST_LINES > period) state = WRITTEN;
        else if (state == WRITTEN && reads_rom) state = HELD;
        else if (state == HELD && since_blank + left >= period) state = DONE, placed++;
        return state != HELD;
    }

    const bool active;
    unsigned placed = 0;

private:
    static constexpr unsigned FACTOR = 0x1C;
    static constexpr uint32_t LAST_LINES = 20000, LONGEST = 120;  // clocks
    enum { WAITING, WRITTEN, HELD, DONE } state = DONE;
    bool blank = false;
    uint32_t since_blank = 0, period = 0, left = 0;
    std::mt19937 random;
};

template <class Model> class Simulation : public Machine {
public:
    Simulation(const uint8_t *rom, size_t size, size_t sram_size)
        : seed(setting("SNES_RTL_SEED")), random(seed ? strtoul(seed, nullptr, 10) : 0),
          holder(setting("SNES_RTL_NMI")), sram_size(sram_size) {
        context.randReset(seed ? 2 : 0);
        context.randSeed(seed ? 1 + strtoul(seed, nullptr, 10) % 0x7FFFFFFE : 1);
        Verilated::threadContextp(&context);
        model = std::make_unique<Model>(&context);
        root = model->rootp;
        size_t mask = 1;
        while (mask < size) mask <<= 1;
        auto *bytes = (uint8_t *)&root->console__DOT__rom[0];
        for (size_t i = 0; i < mask; i++) bytes[i] = rom[i % size];
        root->console__DOT__rom_mask = mask - 1;
        root->console__DOT__sram_mask = sram_size ? sram_size - 1 : 0;
        if (!seed) {
            memset(&root->console__DOT__wram[0], 0x55, wram().size);
            memset(&root->console__DOT__vram[0], 0x55, vram().size);
            memset(&root->console__DOT__aram[0], 0x55, 1 << 16);
            memset(&root->console__DOT__sram[0], 0xFF, MAX_SRAM);
        }
        const char *unit = setting("SNES_RTL_SOUND");
        root->sound_runs = !unit || strcmp(unit, "dead");
        root->cpu_runs = 1;
        hold_reset();
    }

    ~Simulation() override { model->final(); }

    // To the next vertical blank: the picture is complete, and its interrupt is the next frame's.
    void frame() override {
        root->pad1 = pads[0];
        root->pad2 = pads[1];
        while (!tick()) {}
    }

    void reset() override {
        if (seed)
            for (uint32_t clocks = random() % (uint32_t)FRAME_CLOCKS; clocks; clocks--) tick();
        hold_reset();
    }

    Memory wram() override { return {&root->console__DOT__wram[0], 1 << 17}; }
    Memory vram() override { return {&root->console__DOT__vram[0], 1 << 16}; }
    Memory sram() override { return {&root->console__DOT__sram[0], sram_size}; }
    unsigned interrupts_placed() override { return holder.placed; }

private:
    const char *seed;
    std::mt19937 random;
    Holder holder;
    size_t sram_size;
    VerilatedContext context;
    std::unique_ptr<Model> model;
    typename std::remove_reference<decltype(*Model::rootp)>::type *root;
    bool old_dot = false, old_blank = false;
    int until_sample = SAMPLE_CLOCKS;

    void hold_reset() {
        root->rst_n = 0;
        for (int i = 0; i < RESET_CLOCKS; i++) tick();
        root->rst_n = 1;
    }

    // One master clock. Whether a frame ends with it.
    bool tick() {
        if (holder.active) root->cpu_runs = holder.runs(*root);
        root->mclk = 1;
        model->eval();
        root->mclk = 0;
        model->eval();

        if (root->dotclk && !old_dot && root->hde && root->vde) picture.push_back(pixel(root->rgb));
        old_dot = root->dotclk;
        if (!--until_sample) {
            until_sample = SAMPLE_CLOCKS;
            sound.push_back(root->left);
            sound.push_back(root->right);
        }
        bool ends = root->vblank && !old_blank;
        old_blank = root->vblank;
        if (ends) {
            shown.swap(picture);
            picture.clear();
        }
        return ends;
    }

    static uint32_t pixel(uint32_t rgb) {  // the core's has red in its low byte
        return (rgb & 0xFF) << 16 | (rgb & 0xFF00) | (rgb >> 16 & 0xFF);
    }
};

std::unique_ptr<Machine> machine;

}  // namespace

// The interface: https://docs.libretro.com/development/libretro-overview/, version 1.

#pragma GCC visibility push(default)
extern "C" {

struct retro_system_info {
    const char *library_name, *library_version, *valid_extensions;
    bool need_fullpath, block_extract;
};
struct retro_system_av_info {
    unsigned base_width, base_height, max_width, max_height;
    float aspect_ratio;
    double fps, sample_rate;
};
struct retro_game_info {
    const char *path;
    const void *data;
    size_t size;
    const char *meta;
};

typedef bool (*retro_environment_t)(unsigned, void *);
typedef void (*retro_video_refresh_t)(const void *, unsigned, unsigned, size_t);
typedef void (*retro_audio_sample_t)(int16_t, int16_t);
typedef size_t (*retro_audio_sample_batch_t)(const int16_t *, size_t);
typedef void (*retro_input_poll_t)();
typedef int16_t (*retro_input_state_t)(unsigned, unsigned, unsigned, unsigned);

enum { SET_PIXEL_FORMAT = 10, XRGB8888 = 1, JOYPAD = 1, SAVE_RAM = 0, SYSTEM_RAM = 2, VIDEO_RAM = 3 };

static retro_environment_t environment;
static retro_video_refresh_t video_refresh;
static retro_audio_sample_batch_t audio_batch;
static retro_input_poll_t input_poll;
static retro_input_state_t input_state;

void retro_set_environment(retro_environment_t call) { environment = call; }
void retro_set_video_refresh(retro_video_refresh_t call) { video_refresh = call; }
void retro_set_audio_sample(retro_audio_sample_t) {}
void retro_set_audio_sample_batch(retro_audio_sample_batch_t call) { audio_batch = call; }
void retro_set_input_poll(retro_input_poll_t call) { input_poll = call; }
void retro_set_input_state(retro_input_state_t call) { input_state = call; }
void retro_set_controller_port_device(unsigned, unsigned) {}

void retro_init() {}
void retro_deinit() {}
unsigned retro_api_version() { return 1; }
unsigned retro_get_region() { return 0; }

void retro_get_system_info(retro_system_info *info) {
    *info = {"SNES_MiSTer in Verilator", CORE_VERSION, "sfc|smc", false, false};
}

void retro_get_system_av_info(retro_system_av_info *info) {
    *info = {WIDTH, 224, WIDTH, MAX_LINES, 0, MASTER_CLOCK / FRAME_CLOCKS, MASTER_CLOCK / SAMPLE_CLOCKS};
}

bool retro_load_game(const retro_game_info *game) {
    if (!game || !game->data || game->size < 0x8000 || game->size > MAX_ROM) return false;
    int format = XRGB8888;
    environment(SET_PIXEL_FORMAT, &format);
    auto *rom = (const uint8_t *)game->data;
    unsigned kilobytes = rom[HEADER + RAM_SIZE];
    size_t sram = kilobytes && kilobytes <= 8 ? size_t(1024) << kilobytes : 0;
    if (rom[HEADER + MAP_MODE] == SA1_MAP) machine = std::make_unique<Simulation<Vsa1>>(rom, game->size, sram);
    else machine = std::make_unique<Simulation<Vstock>>(rom, game->size, sram);
    return true;
}

bool retro_load_game_special(unsigned, const retro_game_info *, size_t) { return false; }
void retro_unload_game() { machine.reset(); }
void retro_reset() { machine->reset(); }

void retro_run() {
    static const int sent_as[BUTTONS] = {15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4};  // libretro's order is the pad's
    input_poll();
    for (unsigned pad = 0; pad < PADS; pad++) {
        machine->pads[pad] = 0;
        for (unsigned button = 0; button < BUTTONS; button++)
            if (input_state(pad, JOYPAD, 0, button)) machine->pads[pad] |= 1 << sent_as[button];
    }
    machine->frame();
    unsigned lines = machine->shown.size() / WIDTH;
    if (lines) video_refresh(machine->shown.data(), WIDTH, lines, WIDTH * 4);
    audio_batch(machine->sound.data(), machine->sound.size() / 2);
    machine->sound.clear();
}

// Not libretro's: how many interrupts SNES_RTL_NMI has placed.
unsigned snes_rtl_interrupts() { return machine->interrupts_placed(); }

size_t retro_serialize_size() { return 0; }
bool retro_serialize(void *, size_t) { return false; }
bool retro_unserialize(const void *, size_t) { return false; }
void retro_cheat_reset() {}
void retro_cheat_set(unsigned, bool, const char *) {}

static Memory memory(unsigned kind) {
    if (!machine) return {nullptr, 0};
    switch (kind) {
    case SAVE_RAM: return machine->sram();
    case SYSTEM_RAM: return machine->wram();
    case VIDEO_RAM: return machine->vram();
    default: return {nullptr, 0};
    }
}
void *retro_get_memory_data(unsigned kind) { return memory(kind).data; }
size_t retro_get_memory_size(unsigned kind) { return memory(kind).size; }
}
