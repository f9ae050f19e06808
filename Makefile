# From names to a cartridge. `make help` lists the targets and the variables.

DATA       = trainer/data/names.txt
DOCUMENTS  = lines
TOKENS     =
PRESET     = microgpt
STEPS      =
SEED       = 0
CHECKPOINT =
PYTHON     = python3
REV        = HEAD

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip install -q --disable-pip-version-check

WEIGHTS := build/weights.npz
MODEL   := build/model.npz
ROM     := build/snes_gpt.sfc

# The sources of each file: all those in its folders, however deep, except those that no number comes from (the
# oracle, its race against numpy, the readers of other programs' models, the font).
sources  = $(foreach path,$(filter-out %__pycache__,$(wildcard $(addsuffix /*,$(1)))),\
            $(if $(wildcard $(path)/.),$(call sources,$(path)),$(path)))
TRAINER  := $(filter-out trainer/model/scalar.py trainer/training/benchmark.py trainer/data/% trainer/formats/%,\
            $(call sources,trainer)) snesgpt/commands/train.py
QUANTIZE := $(call sources,quantize snesgpt/selection) $(filter-out tables/font%,$(call sources,tables)) \
            snesgpt/commands/quantize.py
ASM      := $(call sources,quantize tables asm) snesgpt/commands/build.py

# The text that the held-out loss is measured on; that of a checkpoint is unknown unless it is given.
MEASURED := $(if $(and $(CHECKPOINT),$(filter file,$(origin DATA))),,$(DATA))

# The options of the last training are the name of a file. When these are others, it is time to train again.
empty   :=
space   := $(empty) $(empty)
WITH    := $(or $(CHECKPOINT),$(DOCUMENTS) $(TOKENS) $(PRESET) $(STEPS) $(SEED))
OPTIONS := build/.trained-with-$(subst /,+,$(subst $(space),_,$(MEASURED) $(WITH)))
CHANGED := $(if $(wildcard $(OPTIONS)),,new_options)

# Names with spaces, as a rule wants them.
TEXT  := $(subst $(space),\ ,$(DATA))
READY := $(subst $(space),\ ,$(CHECKPOINT))

# Settings of a training do not go with weights that are already trained.
IDLE := $(strip $(foreach name,DOCUMENTS TOKENS PRESET STEPS SEED,$(if $(filter file,$(origin $(name))),,$(name))))
ifneq ($(CHECKPOINT),)
ifneq ($(IDLE),)
$(error CHECKPOINT=$(CHECKPOINT) is trained already: leave out $(IDLE))
endif
ifeq ($(abspath $(CHECKPOINT)),$(abspath $(WEIGHTS)))
$(error CHECKPOINT=$(CHECKPOINT) is where the weights are anyway: make without it goes on from there)
endif
endif

# A phony target when the assembler is not on the PATH, nothing at all when it is.
found = $(firstword $(wildcard $(addsuffix /$(1),$(subst :, ,$(PATH)))))
CC65 := $(if $(and $(call found,ca65),$(call found,ld65)),,cc65)

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all emulators test check golden report diff-asm figures pictures run lab lab-serve lab-lint lab-test clean help
.PHONY: cc65 new_options

all: $(TEXT) $(BIN)/python $(CC65) $(VENV)/installed $(ROM)
	$(if $(REBUILT),@sh scripts/say-what-was-made.sh $(ROM),@echo "$(ROM) is up to date")

$(BIN)/python:
	@echo "Creating $(VENV)"
	@sh scripts/make-venv.sh "$(PYTHON)" $(VENV)

cc65:
	@sh scripts/get-tool.sh cc65

# pip says nothing unless it fails.
$(VENV)/installed: pyproject.toml | $(BIN)/python
	@echo "Installing the package into $(VENV)"
	@$(PIP) -e . 2>$(VENV)/pip.log || { cat $(VENV)/pip.log >&2; exit 1; }
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(BIN)/python
	@echo "Installing the package and what its tests need into $(VENV)"
	@$(PIP) -e '.[test]' 2>$(VENV)/pip.log || { cat $(VENV)/pip.log >&2; exit 1; }
	@touch $(VENV)/installed $(VENV)/installed-emulators $@

# What `snesgpt verify`, `play` and `bench` run a ROM in.
$(VENV)/installed-emulators: pyproject.toml | $(BIN)/python
	@echo "Installing the package and the emulator Snes9x into $(VENV)"
	@$(PIP) -e '.[emulators]' 2>$(VENV)/pip.log || { cat $(VENV)/pip.log >&2; exit 1; }
	@touch $(VENV)/installed $@

ifneq ($(CHECKPOINT),)
$(WEIGHTS): $(READY) $(CHANGED) | $(VENV)/installed
	@echo "Taking $(CHECKPOINT)"
	@mkdir -p build
	@$(BIN)/python scripts/take_checkpoint.py "$(CHECKPOINT)" $@
	@rm -f build/.trained-with-*
	@touch "$(OPTIONS)"

$(READY):
	@echo "CHECKPOINT=$(CHECKPOINT): there is no such file" >&2; exit 1
else
$(WEIGHTS): $(TEXT) $(TRAINER) $(CHANGED) | $(VENV)/installed
	@echo "Training $(PRESET) on $(DATA)"
	@mkdir -p build
	@$(BIN)/snesgpt train --data "$(DATA)" --documents "$(DOCUMENTS)" $(if $(TOKENS),--tokens "$(TOKENS)") \
	    --preset "$(PRESET)" --seed "$(SEED)" $(if $(STEPS),--steps "$(STEPS)") --out $@ >build/train.txt
	@head -n 1 build/train.txt
	@rm -f build/.trained-with-*
	@touch "$(OPTIONS)"
endif

$(MODEL): $(WEIGHTS) $(QUANTIZE) | $(VENV)/installed
	@echo "Quantizing to $@"
	@$(BIN)/snesgpt quantize $(WEIGHTS) $(if $(MEASURED),--data "$(MEASURED)") --out $@ >build/quantize.txt
	@sed -n '/^range proof/p; /^held-out/p' build/quantize.txt

$(ROM): $(MODEL) $(ASM) | $(CC65) $(VENV)/installed
	@echo "Assembling $@"
	@$(BIN)/snesgpt build $(MODEL) --out $@ >build/build.txt
	$(eval REBUILT := yes)

$(TEXT):
	@echo "DATA=$(DATA): there is no such file" >&2; exit 1

# bsnes is no Python package: it is fetched where no libretro folder has it.
BSNES = @$(BIN)/python -c 'from snesgpt.emulator.cores import find_core; find_core("bsnes")' 2>/dev/null \
            || sh scripts/get-tool.sh bsnes

emulators: $(BIN)/python $(VENV)/installed-emulators
	$(BSNES)
	@echo "Snes9x and bsnes are ready for snesgpt verify, play and bench"

test: $(BIN)/python $(CC65) $(VENV)/installed-test
	$(BSNES)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/pytest -n auto

# The checks of a minute. The folders whose every test needs an emulator are not even imported: some build ROMs.
check: $(BIN)/python $(CC65) $(VENV)/installed-test
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/pytest -n auto -m "not emulator and not slow" --ignore tests/proof --ignore tests/screens

golden: $(BIN)/python $(CC65) $(VENV)/installed-test
	@$(BIN)/python -m tests.support.golden_listing

report: $(BIN)/python $(CC65) $(VENV)/installed
	@$(BIN)/python scripts/report.py $(REV)

diff-asm: $(BIN)/python $(CC65) $(VENV)/installed
	@$(BIN)/python scripts/diff_asm.py $(REV)

# Every figure in the docs is one of docs/figures.json; scripts/figures.py --measure measures them again.
figures: $(BIN)/python $(VENV)/installed
	@$(BIN)/python scripts/cli_reference.py
	@$(BIN)/python scripts/figures.py --fill

pictures: all $(VENV)/installed-test
	@$(BIN)/python scripts/pictures.py $(ROM)

run: $(if $(wildcard $(ROM)),,all)
	@sh scripts/run-rom.sh $(ROM)

# The lab page. npm says nothing unless it fails; what it fetches is pinned by the checksums of package-lock.json.
LAB_SOURCES := $(call sources,lab/src) lab/index.html lab/vite.config.js

lab/node_modules/.package-lock.json: lab/package.json lab/package-lock.json
	@sh scripts/get-tool.sh node
	@echo "Installing what the lab page is built with into lab/node_modules"
	@cd lab && npm ci --silent
	@touch $@

build/lab-core/snes9x.wasm.gz: lab/node_modules/.package-lock.json lab/scripts/unpack-core.js
	@node lab/scripts/unpack-core.js build/lab-core

build/lab-data/lab.json: $(MODEL) $(WEIGHTS) $(ASM) $(call sources,snesgpt/lab) snesgpt/commands/lab.py | $(CC65) $(VENV)/installed
	@echo "Exporting the model for the lab page"
	@$(BIN)/snesgpt lab $(MODEL) --weights $(WEIGHTS) --data "$(DATA)" --out build/lab-data \
	    --golden build/lab-golden/console.json >build/lab.txt
	@touch $@

build/lab/index.html: build/lab-data/lab.json build/lab-core/snes9x.wasm.gz $(LAB_SOURCES)
	@echo "Building build/lab/"
	@cd lab && node_modules/.bin/vite build --logLevel warn

lab: build/lab/index.html
	@echo "build/lab/ is a static folder: make lab-serve shows it"

lab-serve: lab
	@cd lab && node_modules/.bin/vite preview

lab-lint: lab/node_modules/.package-lock.json
	@cd lab && npm run --silent lint && npm run --silent typecheck

lab-test: lab-lint lab | $(VENV)/installed-test
	@sh scripts/get-tool.sh chromium
	@$(BIN)/python -m tests.support.lab_golden build/lab-golden
	@cd lab && npm test --silent

clean:
	@rm -rf build
	@echo "Removed build/ ($(VENV) stays, and lab/node_modules)"

help:
	@echo "make            train, quantize, generate, assemble: $(ROM)"
	@echo "make emulators  fetch Snes9x and bsnes, in which snesgpt verify, play and bench run a ROM"
	@echo "make test       ruff, mypy and every test, in two real emulators"
	@echo "make check      ruff, mypy and the tests that need no emulator, in a minute"
	@echo "                (pre-commit install: ruff and mypy before every commit)"
	@echo "make run        open $(ROM) in Snes9x, ares, bsnes, Mesen or RetroArch"
	@echo "make diff-asm   whether the working tree makes other machine code than the commit REV"
	@echo "make golden     rewrite the listings in tests/asm/golden that a test compares with"
	@echo "make report     bytes, work RAM and clocks of every checkpoint's cartridge against the commit REV"
	@echo "make figures    README.md and docs/: the figures of docs/figures.json, the commands' help"
	@echo "make pictures   docs/pictures: every screen, and X-ray moving"
	@echo "make lab        the lab page, a static folder: build/lab/"
	@echo "make lab-serve  the lab page on http://127.0.0.1:8765/"
	@echo "make lab-lint   its linter and its types"
	@echo "make lab-test   both, and the lab page in a real browser"
	@echo "make clean      remove build/"
	@echo
	@echo "DATA=FILE       the text to learn                          [$(DATA)]"
	@echo "DOCUMENTS=KIND  what one is in it: lines, paragraphs (blank lines between them) or stream [$(DOCUMENTS)]"
	@echo "TOKENS=N        merge characters into N tokens, at most 512 [a character each]"
	@echo "PRESET=NAME     microgpt, small, large, tavern, forerunner [$(PRESET)]"
	@echo "STEPS=N         length of the training                     [the preset's]"
	@echo "SEED=N          first weights and order of the documents   [$(SEED)]"
	@echo "CHECKPOINT=FILE trained weights, as in checkpoints/, instead of a training"
	@echo "REV=COMMIT      what diff-asm and report compare with     [$(REV)]"
	@echo "PYTHON=PROGRAM  3.11 or newer, makes .venv                 [$(PYTHON)]"
