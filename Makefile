# The front door. Everything is said in full in README.md; `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help deps build run test check check-long bench bench-peers bench-growth bench-instructions format install clean

PREFIX ?= /usr/local
DESTDIR ?=
EPOCHS ?= 10
SWIFT_BUILD := swift build -c release
CMAKE_BUILD := build/release

help: ## this list
	@echo "libvae: make TARGET"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r target text; do \
	  printf '  %-18s %s\n' $$target "$$text"; done

deps: ## install what is missing (apt), or say what to install
	@bash tools/install.sh

build: deps ## the Swift package with vae-cli, and the C libraries in build/release
	$(SWIFT_BUILD)
	cmake -S . -B $(CMAKE_BUILD) -G Ninja -DBUILD_TESTING=OFF
	cmake --build $(CMAKE_BUILD)
	@echo "program:   $$($(SWIFT_BUILD) --show-bin-path)/vae-cli"
	@echo "libraries: $(CMAKE_BUILD)/libvae.so and libvae.a"

run: deps ## train on the bundled digits; a model and pictures in out/
	@echo "building vae-cli …"
	@$(SWIFT_BUILD) --product vae-cli
	@mkdir -p out/pictures
	"$$($(SWIFT_BUILD) --show-bin-path)/vae-cli" train digits --epochs $(EPOCHS) --out out/digits.safetensors --pictures out/pictures

test: deps ## build everything and run every test
	@python3 tools/test.py

check: deps ## the C tests and the checks of the text only (a minute)
	@python3 tools/test.py --fast

check-long: deps ## also clang, its sanitizers, no OpenMP, portable, NEON under qemu, debug Swift, PyTorch, fuzzers, instructions [MNIST=DIR]
	@bash tools/install.sh valgrind
	@MNIST="$(MNIST)" python3 tools/test.py --long

bench: deps ## speed, memory and start-up beside PyTorch and JAX; the MNIST result with MNIST=DIR [BENCH="--only training …"]
	@$(SWIFT_BUILD) --product vae-cli
	@python3 bench/run.py --cli "$$($(SWIFT_BUILD) --show-bin-path)/vae-cli" $(if $(MNIST),--mnist "$(MNIST)") $(BENCH)

bench-peers: deps ## a virtual environment with PyTorch and JAX, with which make bench compares
	python3 -m venv build/bench-peers
	build/bench-peers/bin/pip install --quiet --disable-pip-version-check numpy torch jax optax matplotlib

bench-growth: deps ## speed by batch, width, depth, rows, threads, latent samples; plots in docs/images [BENCH="--seconds S …"]
	@python3 bench/run.py --only growth --rounds 3 --plots docs/images $(BENCH)

bench-instructions: deps ## instructions of a training step against bench/instructions.json [RECORD=--record]
	@bash tools/install.sh valgrind
	@python3 bench/instructions.py $(RECORD)

format: deps ## rewrite C and Swift sources in the project's format
	@python3 -m venv build/format && build/format/bin/pip install --quiet --disable-pip-version-check \
	  "$$(grep '^clang-format' tools/requirements.txt)"
	@bash tools/format-c.sh build/format/bin/clang-format
	@swift format --in-place --parallel --recursive Package.swift Sources Tests examples

install: deps ## the C libraries, headers, vae.pc and vae-cli into PREFIX [PREFIX=/usr/local, DESTDIR=]
	cmake -S . -B $(CMAKE_BUILD) -G Ninja -DBUILD_TESTING=OFF -DCMAKE_INSTALL_PREFIX="$(PREFIX)"
	cmake --build $(CMAKE_BUILD)
	DESTDIR="$(DESTDIR)" cmake --install $(CMAKE_BUILD)
	$(SWIFT_BUILD) --scratch-path build/swift-install --product vae-cli --static-swift-stdlib
	install -D -s -m 755 "$$($(SWIFT_BUILD) --scratch-path build/swift-install --show-bin-path)/vae-cli" "$(DESTDIR)$(PREFIX)/bin/vae-cli"
	@echo "installed into $(DESTDIR)$(PREFIX). Run ldconfig for a prefix that the system's linker knows (/usr/local); for another one:"
	@echo "  export PATH=$(PREFIX)/bin:\$$PATH PKG_CONFIG_PATH=$(PREFIX)/lib/pkgconfig LD_LIBRARY_PATH=$(PREFIX)/lib"

clean: ## remove build/ and .build/ (not out/)
	rm -rf build .build
