# Everything a person types. Each target is one script or one preset; `make run` is all a newcomer needs.
.PHONY: run build test check bench package format clean

run: build
	exec build/release/pbaas serve

build:
	scripts/setup run
	cmake --preset release
	cmake --build --preset release --target pbaas

# What CI runs, packages included.
test:
	scripts/setup test
	scripts/check

# The same without installing anything.
check:
	scripts/check

bench:
	scripts/setup bench
	$(MAKE) build
	bench/run

# build/package/pbaas_*.deb
package: build
	cpack --config build/release/CPackConfig.cmake -B build/package

format:
	git ls-files '*.cc' '*.h' | xargs clang-format-19 -i

clean:
	rm -rf build
