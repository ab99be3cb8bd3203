# make book        builds the book and says where to open it
#                  RECORDING=... RECIPE=... CHANNEL=... choose what it is built on
# make test        runs every check: tests, chapters, lint, and the pages in a browser
# make quick       runs lint and the fast tests, in less than three minutes
# make lab         opens the chapters in JupyterLab; it takes the same settings as make book
# make bench       measures time and memory (about ten minutes) for the chapter on scale
# Others: test-site, serve, lint, linkcheck, sync, controls, lock, clean, clean-cache.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
SETTINGS := RECORDING ANNOTATIONS RECIPE CHANNEL SAMPLERATE
WITHOUT_SETTINGS := env $(foreach name,$(SETTINGS),-u $(name) -u USVLIB_$(name)) \
	-u USVLIB_DATA_DIR -u USVLIB_CACHE_DIR
PYTEST := $(WITHOUT_SETTINGS) $(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/site
export $(SETTINGS)

.PHONY: book test quick test-site lab bench serve lint linkcheck sync controls lock clean clean-cache

book: $(INSTALLED)
	@$(BIN)/python tools/build_book.py

test: $(INSTALLED)
	@$(PYTEST) --nbval --nbval-current-env --nbval-sanitize-with tests/sanitize.cfg \
		--nbval-cell-timeout 300 tests usvlib chapters
	@$(MAKE) --no-print-directory lint
	@$(WITHOUT_SETTINGS) $(BIN)/python tools/check_site.py --if-possible

quick: $(INSTALLED)
	@$(MAKE) --no-print-directory lint
	@$(PYTEST) -m "not slow" tests usvlib

# Opens the built pages in a Chromium, and checks weight, accessibility, phones and print.
test-site: $(INSTALLED)
	@$(WITHOUT_SETTINGS) $(BIN)/python tools/check_site.py

lab: $(INSTALLED)
	$(BIN)/jupyter lab --config tools/jupyter_server_config.py chapters

serve: book
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

lint: $(INSTALLED)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/oxlint --deny-warnings _assets usvlib
	@$(BIN)/lint-imports --no-logo --no-cache

# Asks for every address that the book links to. Needs a network.
linkcheck: book
	@$(BIN)/jupyter-book build . --builder linkcheck --path-output "$$(cd -P _build/html/../.. && pwd)"

bench: $(INSTALLED)
	@$(BIN)/python benchmarks/run.py

# Pairs the texts and notebooks of the chapters, runs them, and stores their text outputs.
sync: $(INSTALLED)
	@$(WITHOUT_SETTINGS) $(BIN)/python tools/notebooks.py sync

# Measures how often the verdict is right on simulated repertoires: over an hour on two cores.
controls: $(INSTALLED)
	@$(BIN)/python tools/controls.py

# Locks the newest versions of all packages within the ranges of pyproject.toml.
lock: $(INSTALLED)
	$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --all-extras --no-header \
		--no-annotate --quiet pyproject.toml -o requirements.txt

clean:
	rm -rf _build

# Deletes computed stages and unpacked audio; they are computed again when they are needed.
clean-cache: $(INSTALLED)
	@$(BIN)/python -c 'import usvlib; print(f"{usvlib.data.clear_cache() / 1e6:.0f} MB deleted")'

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	@echo "Installing what the book needs into .venv (a few minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
