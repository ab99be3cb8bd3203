# make book   builds the book (RECORDING=... chooses the recording) and says where to open it
# make test   runs every check, the pages' in a browser where there is one
# make lab    opens the chapters in JupyterLab
# make bench  measures time and memory (some ten minutes) for the page on scale
# The others: make test-site, serve, lint, sync, controls, lock, clean.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
WITHOUT_SETTINGS := env -u RECORDING -u USVLIB_RECORDING -u USVLIB_DATA_DIR -u USVLIB_CACHE_DIR
export RECORDING

.PHONY: book test test-site lab bench serve lint sync controls lock clean

book: $(INSTALLED)
	@$(BIN)/python tools/build_book.py

test: $(INSTALLED)
	@$(WITHOUT_SETTINGS) $(BIN)/python -m pytest -n 2 --dist loadfile \
		--nbval --nbval-current-env --nbval-sanitize-with tests/sanitize.cfg \
		--nbval-cell-timeout 300 --ignore tests/site tests chapters
	@$(MAKE) --no-print-directory lint
	@$(WITHOUT_SETTINGS) $(BIN)/python tools/check_site.py --if-possible

# The pages, in a Chromium: what they load, how they look to a screen reader, on a phone, on paper.
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

bench: $(INSTALLED)
	@$(BIN)/python benchmarks/run.py

# Pairs texts and notebooks, and stores the outputs anew, without pictures.
sync: $(INSTALLED)
	@$(WITHOUT_SETTINGS) $(BIN)/python tools/notebooks.py sync

# How often the test of chapter 7 is right, on simulated repertoires: a bit over an hour on two cores.
controls: $(INSTALLED)
	@$(BIN)/python tools/controls.py

# Newer versions of everything, within the ranges of pyproject.toml.
lock: $(INSTALLED)
	$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --all-extras --no-header \
		--no-annotate --quiet pyproject.toml -o requirements.txt

clean:
	rm -rf _build

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	@echo "Installing what the book needs into .venv (a few minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
