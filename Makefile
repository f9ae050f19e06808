# From names to a cartridge. `make help` lists the targets and the variables.

DATA       = trainer/data/names.txt
DOCUMENTS  = lines
TOKENS     =
PRESET     = microgpt
STEPS      =
SEED       = 0
CHECKPOINT =
TARGET     = stock
PYTHON     = python3
REV        = HEAD
CORE       = build/rtl/core

# What is given is data: scripts get it through the environment, and neither make nor a shell reads it as text.
OPTIONS := DATA DOCUMENTS TOKENS PRESET STEPS SEED CHECKPOINT TARGET PYTHON REV CORE
export GIVEN := $(strip $(foreach name,$(filter-out PYTHON REV CORE,$(OPTIONS)),\
                 $(if $(filter file,$(origin $(name))),,$(name))))
$(foreach name,$(OPTIONS),$(eval override $(name) := $$(value $(name))))
export $(OPTIONS)
unexport PYTHONPATH PYTHONHOME

# A bare `make` makes the default model; what shows a model keeps to the options of the last call.
export REMEMBER := $(filter run lab lab-serve lab-test pictures,$(MAKECMDGOALS))

VENV := .venv
BIN  := $(VENV)/bin

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

# A phony target when the assembler is not on the PATH, nothing at all when it is.
found = $(firstword $(wildcard $(addsuffix /$(1),$(subst :, ,$(PATH)))))
CC65 := $(if $(and $(call found,ca65),$(call found,ld65)),,cc65)

# Every stage writes its file whole or not at all: what is there stays, whatever fails or is interrupted. So does
# what the last good one printed: build/train.txt is build/train.part until it is done.
.PRECIOUS: $(WEIGHTS) $(MODEL) $(ROM)
.SUFFIXES:
.PHONY: all emulators test check soak golden report diff-asm figures pictures rtl rtl-core tavern run lab lab-serve lab-lint lab-test cartridges \
        site site-serve site-test checksums release clean help
.PHONY: given cc65

all: given $(CC65) $(VENV)/installed $(ROM)
	$(if $(REBUILT),@sh scripts/say-what-was-made.sh $(ROM),@echo "$(ROM) is up to date")

given:
	+@sh scripts/check-given.sh

cc65:
	@sh scripts/get-tool.sh cc65

# A set-up that was killed left the file "unfinished": then there is another.
SET_UP  := pyproject.toml $(wildcard $(VENV)/unfinished)
INSTALL  = @sh scripts/set-up.sh "$$PYTHON" $(VENV)

$(BIN)/python:
	$(INSTALL)

$(VENV)/installed: $(SET_UP) | $(BIN)/python
	$(INSTALL)

$(VENV)/installed-test: $(SET_UP) | $(BIN)/python
	$(INSTALL) test

# What `snesgpt verify`, `play` and `bench` run a ROM in.
$(VENV)/installed-emulators: $(SET_UP) | $(BIN)/python
	$(INSTALL) emulators

# Newer than the weights when they were made with other options, or of an older text.
build/options.json: given | $(VENV)/installed
	+@$(BIN)/python -IS scripts/options.py choose

$(WEIGHTS): build/options.json $(if $(CHECKPOINT),,$(TRAINER)) | $(VENV)/installed
	@$(BIN)/python scripts/options.py train
	@$(BIN)/python scripts/options.py made

# Newer than the model when that was made for another machine.
build/target.json: given | $(VENV)/installed
	+@$(BIN)/python -IS scripts/options.py target

$(MODEL): $(WEIGHTS) build/target.json $(QUANTIZE) | $(VENV)/installed
	@echo "Quantizing to $@"
	@$(BIN)/python scripts/options.py quantize
	@mv build/quantize.part build/quantize.txt
	@sed -n '/^range proof/p; /^held-out/p' build/quantize.txt

$(ROM): $(MODEL) $(ASM) | $(CC65) $(VENV)/installed
	@echo "Assembling $@"
	@$(BIN)/snesgpt build $(MODEL) --out $@ >build/build.part
	@mv build/build.part build/build.txt
	$(eval REBUILT := yes)

# bsnes is no Python package: it is fetched where no libretro folder has it.
BSNES = @$(BIN)/python -c 'from snesgpt.emulator.cores import find_core; find_core("bsnes")' 2>/dev/null \
            || sh scripts/get-tool.sh bsnes

emulators: $(VENV)/installed-emulators
	$(BSNES)
	@echo "Snes9x and bsnes are ready for snesgpt verify, play and bench"

test: $(CC65) $(VENV)/installed-test
	$(BSNES)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/pytest -n auto

# The checks of a minute. The folders whose every test needs an emulator are not even imported: some build ROMs.
check: $(CC65) $(VENV)/installed-test
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/pytest -n auto -m "not emulator and not slow" --ignore tests/proof --ignore tests/screens --ignore tests/games

# Hunts for inputs that break something, an hour in all: see tests/soak.
MINUTES = 60

soak: $(CC65) $(VENV)/installed-test
	$(BSNES)
	@$(BIN)/python -m tests.soak --minutes "$(MINUTES)" $(if $(filter SEED,$(GIVEN)),--seed "$$SEED")

golden: $(CC65) $(VENV)/installed-test
	@$(BIN)/python -m tests.support.golden_listing

report: $(CC65) $(VENV)/installed
	@$(BIN)/python scripts/report.py "$$REV"

diff-asm: $(CC65) $(VENV)/installed
	@$(BIN)/python scripts/diff_asm.py "$$REV"

# Every figure in the docs is one of docs/figures.json; scripts/figures.py --measure measures them again.
figures: $(VENV)/installed
	@$(BIN)/python scripts/cli_reference.py
	@$(BIN)/python scripts/figures.py --fill

pictures: all $(VENV)/installed-test
	@$(BIN)/python scripts/pictures.py $(ROM)

# The console's own logic, see docs/rtl.md. CORE is a clone of the MiSTer core: GPL-3, and no part of this project.
rtl: $(VENV)/installed-test
	@sh scripts/get-tool.sh ghdl
	@sh scripts/get-tool.sh verilator
	@$(BIN)/python -m rtl build "$$CORE"

rtl-core: $(VENV)/installed
	@$(BIN)/python -m rtl fetch

# The cartridges that are published, see publish/cartridges.py: of weights in checkpoints/ or, made elsewhere, in build/.
define cartridge
build/cartridges/%-$(1)/model.npz: checkpoints/%.npz $(QUANTIZE) | $(VENV)/installed
	$$(QUANTIZED)
build/cartridges/%-$(1)/model.npz: build/%.npz $(QUANTIZE) | $(VENV)/installed
	$$(QUANTIZED)
build/cartridges/%-$(1)/lab/lab.json: build/cartridges/%-$(1)/model.npz $(ASM) $(call sources,snesgpt/lab) | $(CC65)
	@$(BIN)/snesgpt lab $$< --weights $$(firstword $$(wildcard checkpoints/$$*.npz build/$$*.npz)) --out $$(@D) >$$(@D).txt
endef
QUANTIZED = @mkdir -p $(@D); $(BIN)/snesgpt quantize $< --target $(lastword $(subst -, ,$(@D))) --out $@ >$(@D)/quantize.txt
$(foreach target,stock sa1,$(eval $(call cartridge,$(target))))

build/cartridges/%/snes_gpt.sfc: build/cartridges/%/model.npz $(ASM) | $(CC65)
	@echo "Building $@"
	@$(BIN)/snesgpt build $< --out $@ >$(@D)/build.txt

.PRECIOUS: build/cartridges/%/snes_gpt.sfc build/cartridges/%-stock/model.npz build/cartridges/%-sa1/model.npz
.PRECIOUS: build/cartridges/%-stock/lab/lab.json build/cartridges/%-sa1/lab/lab.json

# Every file of them that site and release need.
cartridges: $(CC65) $(VENV)/installed
	@$(MAKE) --silent --no-print-directory $$($(BIN)/python -m publish files)

# What a fresh build of checkpoints/ is compared with: to be written again when machine code or a checkpoint changes.
checksums: cartridges
	@$(BIN)/python -m publish checksums

# TAG=v1.2.3: refused unless it is the tag of pyproject.toml's version.
TAG =
override TAG := $(value TAG)
export TAG

$(VENV)/installed-release: $(SET_UP) | $(BIN)/python
	$(INSTALL) release

release: cartridges tavern site $(VENV)/installed-release
	@sh scripts/get-tool.sh chromium
	@$(BIN)/python -m publish release --tag "$$TAG"

# The example game, for both machines: two libraries of a model, and what is around them.
TALKS := checkpoints/memory-tavern.npz

tavern: build/tavern.sfc build/tavern_sa1.sfc

build/tavern/%.npz: $(TALKS) $(QUANTIZE) | $(VENV)/installed
	@echo "Quantizing $(TALKS) for the $*"
	@mkdir -p build/tavern
	@$(BIN)/snesgpt quantize $(TALKS) --target $* --out $@ >build/tavern/$*.txt

build/tavern/%/gpt.o: build/tavern/%.npz $(ASM) | $(CC65) $(VENV)/installed
	@echo "Building its library: build/tavern/$*/"
	@$(BIN)/snesgpt build $< --library build/tavern/$* --first-bank 4 >>build/tavern/$*.txt

.PRECIOUS: build/tavern/%.npz build/tavern/%/gpt.o
GAME := $(call sources,examples/tavern)
AROUND = @$(MAKE) --silent --no-print-directory -C examples/tavern PYTHON=../../$(BIN)/python

build/tavern.sfc: build/tavern/stock/gpt.o $(GAME)
	$(AROUND) GPT=../../build/tavern/stock OUT=../../$@
	@echo "$@: the tavern"

build/tavern_sa1.sfc: build/tavern/sa1/gpt.o $(GAME)
	$(AROUND) GPT=../../build/tavern/sa1 OUT=../../$@
	@echo "$@: the tavern, for a cartridge with the SA-1"

SHOWN := $(if $(filter tavern,$(MAKECMDGOALS)),build/tavern.sfc,$(ROM))

run: $(if $(filter tavern,$(MAKECMDGOALS)),tavern,$(if $(GIVEN),all,$(if $(wildcard $(ROM)),,all)))
	@sh scripts/run-rom.sh $(SHOWN)

# The lab page. npm says nothing unless it fails; what it fetches is pinned by the checksums of package-lock.json.
LAB_SOURCES := $(call sources,lab/src lab/worker) lab/index.html lab/lab.html lab/vite.config.js

lab/node_modules/.package-lock.json: lab/package.json lab/package-lock.json
	@sh scripts/get-tool.sh node
	@echo "Installing what the lab page is built with into lab/node_modules"
	@cd lab && npm ci --silent
	@touch $@

build/lab-core/snes9x.wasm.gz: lab/node_modules/.package-lock.json lab/scripts/unpack-core.js
	@node lab/scripts/unpack-core.js build/lab-core

build/lab-data/lab.json: $(MODEL) $(WEIGHTS) $(ASM) $(call sources,snesgpt/lab) snesgpt/commands/lab.py | $(CC65) $(VENV)/installed
	@echo "Exporting the model for the lab page"
	@$(BIN)/python scripts/options.py lab
	@mv build/lab.part build/lab.txt
	@touch $@

# The pages of lab and site as they are for every model: publish/site.py lays models and cartridges beside them.
build/lab-pages/lab.html: lab/node_modules/.package-lock.json $(LAB_SOURCES)
	@echo "Building build/lab-pages/"
	@cd lab && node_modules/.bin/vite build --logLevel warn --outDir ../build/lab-pages.new
	@rm -rf build/lab-pages && mv build/lab-pages.new build/lab-pages

LAID := build/lab-pages/lab.html build/lab-core/snes9x.wasm.gz

build/lab/index.html: build/lab-data/lab.json $(LAID) $(call sources,publish)
	@echo "Building build/lab/"
	@$(BIN)/python -m publish lab --data build/lab-data --out build/lab

lab: build/lab/index.html
	@echo "build/lab/ is a static folder: make lab-serve shows it"

lab-serve: lab
	@cd lab && node_modules/.bin/vite preview --outDir ../build/lab

lab-lint: lab/node_modules/.package-lock.json
	@cd lab && npm run --silent lint && npm run --silent typecheck

lab-test: lab-lint lab build/site-test/index.html | $(VENV)/installed-test
	@sh scripts/get-tool.sh chromium
	@$(BIN)/python -m tests.support.lab_golden build/lab-golden
	@cd lab && npm test --silent

# The site: every cartridge, and for its tests a few: both machines, a memory, a Llama.
FEW := names-stock names-sa1 memory-stock stories-sa1
ONLY = $(addprefix --only ,$(FEW))

site: cartridges $(LAID)
	@$(BIN)/python -m publish site --out build/site
	@echo "build/site/ is a static folder for any web server: make site-serve shows it"

site-serve: site
	@cd lab && node_modules/.bin/vite preview --outDir ../build/site

build/site-test/index.html: $(LAID) $(ASM) $(QUANTIZE) $(call sources,publish snesgpt/lab) | $(CC65) $(VENV)/installed
	@$(MAKE) --silent --no-print-directory $$($(BIN)/python -m publish files $(ONLY))
	@$(BIN)/python -m publish site $(ONLY) --out build/site-test

site-test: lab-lint build/site-test/index.html
	@sh scripts/get-tool.sh chromium
	@cd lab && node --test --test-concurrency=1 --test-reporter=spec test/browser/site.test.js test/browser/offline.test.js

clean:
	@rm -rf build
	@echo "Removed build/ ($(VENV) stays, and lab/node_modules)"

help:
	@echo "make             train, quantize, generate, assemble: $(ROM)"
	@echo "make emulators   fetch Snes9x and bsnes, in which snesgpt verify, play and bench run a ROM"
	@echo "make test        ruff, mypy and every test, in two real emulators"
	@echo "make check       ruff, mypy and the tests that need no emulator, in a minute"
	@echo "                 (pre-commit install: ruff and mypy before every commit)"
	@echo "make soak        an hour of mutations, kills, random buttons, models and examples (MINUTES=N)"
	@echo "make run         open $(ROM) in Snes9x, ares, bsnes, Mesen or RetroArch"
	@echo "make tavern      the example game for both machines: build/tavern.sfc; make tavern run: and open it"
	@echo "make diff-asm    whether the working tree makes other machine code than the commit REV"
	@echo "make golden      rewrite the listings in tests/asm/golden that a test compares with"
	@echo "make report      bytes, work RAM and clocks of every checkpoint's cartridge against the commit REV"
	@echo "make figures     README.md and docs/: the figures of docs/figures.json, the commands' help"
	@echo "make pictures    docs/pictures: every screen, and X-ray moving"
	@echo "make rtl-core    fetch the MiSTer core: a console as logic"
	@echo "make rtl         make an emulator of it, or of the clone in CORE: --core rtl"
	@echo "make lab         the lab page, a static folder: build/lab/"
	@echo "make lab-serve   the lab page on http://127.0.0.1:8765/"
	@echo "make lab-lint    its linter and its types"
	@echo "make lab-test    both, and the lab page in a real browser"
	@echo "make cartridges  every cartridge that is published, see publish/cartridges.py"
	@echo "make site        the start page, the lab of every cartridge, downloads, lessons and docs: build/site/"
	@echo "make site-serve  the site on http://127.0.0.1:8765/"
	@echo "make site-test   a site of a few cartridges in a real browser"
	@echo "make release     dist/: cartridges, manual, site, packages, checksums (TAG=vN refuses another version)"
	@echo "make checksums   publish/checksums.txt, after a change of machine code"
	@echo "make clean       remove build/"
	@echo
	@echo "DATA=FILE        the text to learn                          [$$DATA]"
	@echo "DOCUMENTS=KIND   what one is in it: lines, paragraphs (blank lines between them) or stream [$$DOCUMENTS]"
	@echo "TOKENS=N         merge characters into N tokens, at most 512 [a character each]"
	@echo "PRESET=NAME      microgpt, small, large, tavern, forerunner [$$PRESET]"
	@echo "STEPS=N          length of the training                     [the preset's]"
	@echo "SEED=N           first weights and order of the documents   [$$SEED]"
	@echo "CHECKPOINT=FILE  trained weights, as in checkpoints/, instead of a training"
	@echo "TARGET=NAME      stock, or sa1: a cartridge with its own processor [$$TARGET]"
	@echo "REV=COMMIT       what diff-asm and report compare with     [$$REV]"
	@echo "CORE=FOLDER      a clone of the MiSTer core, of which make rtl makes a program [$$CORE]"
	@echo "PYTHON=PROGRAM   3.11 or newer, makes .venv                 [$$PYTHON]"
