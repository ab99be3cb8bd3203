# make book        builds the book and says where to open it
#                  RECORDING=... RECIPE=... CHANNEL=... choose what it is built on
# make test        runs every check: tests, chapters, lint, and the pages in a browser
# make quick       runs lint and the fast tests, in less than three minutes
# make lab         opens the chapters in JupyterLab; it takes the same settings as make book
# make bench       measures time and memory (about ten minutes) for the chapter on scale
# Others: test-site, serve, lint, linkcheck, sync, controls, lock, clean, clean-cache.

PYTHON ?= python3
BIN := .venv/bin
SETTINGS := RECORDING ANNOTATIONS RECIPE CHANNEL SAMPLERATE
# Names of files may hold anything: make must neither run $(shell ...) in them nor lose a $.
$(foreach name,$(SETTINGS),$(if $(findstring command,$(origin $(name))),\
	$(eval override $(name) := $$(value $(name)))))
WITHOUT_SETTINGS := env $(foreach name,$(SETTINGS),-u $(name) -u USVLIB_$(name)) \
	-u USVLIB_DATA_DIR -u USVLIB_CACHE_DIR
PYTEST := $(WITHOUT_SETTINGS) $(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/site
export $(SETTINGS)

.PHONY: ready book test quick test-site lab bench serve lint linkcheck sync controls lock clean clean-cache

book: ready
	@$(BIN)/python tools/build_book.py

test: ready
	@$(PYTEST) --nbval --nbval-current-env --nbval-sanitize-with tests/sanitize.cfg \
		--nbval-cell-timeout 300 tests usvlib chapters
	@$(MAKE) --no-print-directory lint
	@$(WITHOUT_SETTINGS) $(BIN)/python tools/check_site.py --if-possible

quick: ready
	@$(MAKE) --no-print-directory lint
	@$(PYTEST) -m "not slow" tests usvlib

# Opens the built pages in a Chromium, and checks weight, accessibility, phones and print.
test-site: ready
	@$(WITHOUT_SETTINGS) $(BIN)/python tools/check_site.py

lab: ready
	$(BIN)/jupyter lab --config tools/jupyter_server_config.py chapters

serve: book
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

lint: ready
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/oxlint --deny-warnings _assets usvlib
	@$(BIN)/lint-imports --no-logo --no-cache

# Asks for every address that the book links to. Needs a network.
linkcheck: book
	@$(BIN)/jupyter-book build . --builder linkcheck --path-output "$$(cd -P _build/html/../.. && pwd)"

bench: ready
	@$(BIN)/python benchmarks/run.py

# Pairs the texts and notebooks of the chapters, runs them, and stores their text outputs.
sync: ready
	@$(WITHOUT_SETTINGS) $(BIN)/python tools/notebooks.py sync

# Measures how often the verdict is right on simulated repertoires: over an hour on two cores.
controls: ready
	@$(BIN)/python tools/controls.py

# Locks the newest versions of all packages within the ranges of pyproject.toml.
lock: ready
	$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --all-extras --no-header \
		--no-annotate --generate-hashes --quiet pyproject.toml -o requirements.txt

clean:
	rm -rf _build

# Deletes computed stages and unpacked audio; they are computed again when they are needed.
clean-cache: ready
	@$(BIN)/python -c 'import usvlib; print(f"{usvlib.data.clear_cache() / 1e6:.0f} MB deleted")'

# Installs what is needed into .venv, unless that has been done.
ready:
	@$(PYTHON) tools/prepare.py
