# Builds, tests and installs gan. `make help` lists the targets; `make demo` and `make test` first install what is
# missing.
#
# Variables: LUA (5.4 interpreter), LUA_INCDIR, CC, ARCH (for -march; native), WERROR=1, PREFIX or LUADIR + LIBDIR,
# F (specs and folders of them), A (of asan and tsan: another program and its words), T, PARTS and SEED (of torture),
# V=1 (show the commands).

CC ?= cc
ARCH ?= native
PREFIX ?= /usr/local
LUADIR ?= $(PREFIX)/share/lua/5.4
LIBDIR ?= $(PREFIX)/lib/lua/5.4
LUA ?= $(or $(shell for l in lua5.4 lua-5.4 lua54 lua; do command -v $$l && break; done 2>/dev/null),lua5.4)

# Headers and libraries: pkg-config where it knows them, the system's default paths where not. liblua is never linked:
# the interpreter that loads the module brings it.
pc = $(shell pkg-config $(1) 2>/dev/null)
LUA_PC := $(shell for p in lua5.4 lua-5.4 lua54 lua; do \
  pkg-config --exists "$$p >= 5.4 $$p < 5.5" && { echo $$p; break; }; done 2>/dev/null)
ifdef LUA_INCDIR
LUA_CFLAGS := -I$(LUA_INCDIR)
else
LUA_CFLAGS := $(if $(LUA_PC),$(call pc,--cflags $(LUA_PC)),-I/usr/include/lua5.4)
endif
STB_CFLAGS := $(patsubst -I%,-isystem %,$(or $(call pc,--cflags stb),-I/usr/include/stb))
# Pictures: JPEG, PNG and WebP always; TIFF and GIF where their libraries are. (giflib has no .pc file.) libdeflate
# inflates what lies in memory and makes checksums; zlib reads files piece by piece.
PICTURES := libjpeg libpng libwebpdemux libdeflate
has = $(shell printf '\043include <stdio.h>\n\043include <$(1)>\n' | \
  $(CC) $(call pc,--cflags $(2)) -E -x c - >/dev/null 2>&1 && echo -DGN_HAS_$(3))
EXTRA := $(call has,tiffio.h,libtiff-4,TIFF) $(call has,gif_lib.h,,GIF)
extra = $(if $(filter -DGN_HAS_$(1),$(EXTRA)),$(or $(call pc,$(2) $(3)),$(4)))
CODEC_CFLAGS := $(strip $(foreach p,$(PICTURES),$(call pc,--cflags $(p))) $(EXTRA) \
  $(call extra,TIFF,--cflags,libtiff-4))
DEP_CFLAGS := $(call pc,--cflags openblas) $(STB_CFLAGS) $(call pc,--cflags zlib)
DEP_LIBS := $(or $(call pc,--libs openblas),-lopenblas) $(or $(call pc,--libs libjpeg),-ljpeg) \
  $(or $(call pc,--libs libpng),-lpng) $(or $(call pc,--libs libwebpdemux),-lwebpdemux -lwebp) \
  $(call extra,TIFF,--libs,libtiff-4,-ltiff) $(call extra,GIF,--libs,giflib,-lgif) \
  $(or $(call pc,--libs libdeflate),-ldeflate) $(or $(call pc,--libs yajl),-lyajl) $(or $(call pc,--libs zlib),-lz)

# -ffp-contract=fast: -std=c11 would forbid fused multiply-adds. Never -Ofast or -ffast-math: GCC then links a start-up
# file that flushes denormals in the whole Lua process.
CFLAGS ?= -O3
MATH = -ffp-contract=fast -fno-math-errno -fno-trapping-math
WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes $(if $(WERROR),-Werror)
FLAGS = -std=c11 $(CFLAGS) $(if $(ARCH),-march=$(ARCH)) $(MATH) $(WARN) -fPIC -fopenmp -pthread -fvisibility=hidden \
  $(LUA_CFLAGS) $(DEP_CFLAGS) $(SAN)
# nodelete: when the Lua state closes, threads of the OpenMP runtime may still run in a library that Lua would unmap.
SHARED = $(if $(filter Darwin,$(shell uname -s)),-bundle -undefined dynamic_lookup,-shared -Wl,-z,nodelete)
LIBS = $(DEP_LIBS) -lm

Q = $(if $(V),,@)
SRC := $(filter-out csrc/bind/wait.c,$(sort $(wildcard csrc/*.c csrc/*/*.c csrc/kernels/*/*.c)))
B = build

# The files that live from wide vectors are compiled for each instruction set (csrc/kernels/conv/simd.h): for ARCH, and
# for those beyond it that the machine may have where the module runs. A native build needs no other.
SIMD = $(addprefix csrc/kernels/conv/,conv.c conv_direct.c depthwise.c grouped.c peak.c product.c simd_table.c \
  sums.c tile.c winograd.c winograd_grouped.c)
BEYOND = $(if $(filter x86_64%,$(shell $(CC) -dumpmachine)),\
  $(if $(filter native x86-64-v4,$(ARCH)),,$(if $(filter x86-64-v3,$(ARCH)),v4,v3 v4)))
SETS = base $(BEYOND)
COMMON = $(filter-out $(SIMD),$(SRC))
OBJ32 = $(COMMON:csrc/%.c=$(B)/obj32/%.o) $(foreach s,$(SETS),$(SIMD:csrc/%.c=$(B)/obj32/%.$(s).o))
OBJ64 = $(COMMON:csrc/%.c=$(B)/obj64/%.o) $(foreach s,$(SETS),$(SIMD:csrc/%.c=$(B)/obj64/%.$(s).o))
FLAGS += $(patsubst v%,-DGN_HAS_V%,$(BEYOND))

# For the interpreters that we start; 5.4 only, so that tools running under another Lua are left alone.
LUA_ENV = LUA_PATH_5_4='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;$(CURDIR)/?.lua;;' \
  LUA_CPATH_5_4='$(CURDIR)/$(B)/?.so;;'

# Threads that wait must not burn the time of those that work: on a busy machine spinning costs tenfold.
RUN_ENV = $(LUA_ENV) OMP_WAIT_POLICY=passive

.PHONY: all deps demo test quick spec bench lint format asan tsan states torture valgrind doc install clean help
.DELETE_ON_ERROR:

.PHONY: module
module: $(B)/gan/core.so $(B)/gan/wait.so
all: module $(B)/gan/core64.so ## build the module (float) and its double-precision twin for tests

$(B)/gan/core.so: $(OBJ32)
$(B)/gan/core64.so: $(OBJ64)
$(B)/gan/%.so: $(B)/flags $(B)/pictures $(B)/sources
	@mkdir -p $(@D)
	$(Q)echo '  link $@'; $(CC) $(SHARED) $(CFLAGS) -fopenmp -pthread $(SAN) -o $@ $(filter %.o,$^) $(LIBS) $(LDFLAGS)

# Without -fopenmp: it is there to be loaded before that runtime.
$(B)/gan/wait.so: csrc/bind/wait.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)echo '  link $@'; $(CC) -std=c11 $(CFLAGS) $(WARN) -fPIC -fvisibility=hidden $(LUA_CFLAGS) $(SHARED) -o $@ $<

codec_flags = $(if $(filter csrc/codec/%,$<),$(CODEC_CFLAGS))
$(filter $(B)/obj32/codec/% $(B)/obj64/codec/%,$(OBJ32) $(OBJ64)): $(B)/pictures
$(B)/obj32/%.o: csrc/%.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)echo '  cc   $@'; $(CC) $(FLAGS) $(codec_flags) -MMD -MP -c -o $@ $<
define compile_set
$(B)/obj32/%.$(1).o: csrc/%.c $(B)/flags
	@mkdir -p $$(@D)
	$$(Q)echo '  cc   $$@'; $$(CC) $$(FLAGS) $(2) -DGN_SIMD=$(1) -MMD -MP -c -o $$@ $$<
$(B)/obj64/%.$(1).o: csrc/%.c $(B)/flags
	@mkdir -p $$(@D)
	$$(Q)echo '  cc   $$@'; $$(CC) $$(FLAGS) $(2) -DGN_DOUBLE -DGN_SIMD=$(1) -MMD -MP -c -o $$@ $$<
endef
$(eval $(call compile_set,base,))
$(foreach s,$(BEYOND),$(eval $(call compile_set,$(s),-march=x86-64-$(s))))
$(B)/obj64/%.o: csrc/%.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)echo '  cc   $@'; $(CC) $(FLAGS) $(codec_flags) -DGN_DOUBLE -MMD -MP -c -o $@ $<

# Everything is built anew when the compiler or its flags change, the decoders when their libraries do; all is linked
# anew when the list of sources changes.
$(B)/flags: force
	@mkdir -p $(@D); echo '$(CC) $(FLAGS) $(SHARED)' | cmp -s - $@ || echo '$(CC) $(FLAGS) $(SHARED)' >$@
$(B)/pictures: force
	@mkdir -p $(@D); echo '$(CODEC_CFLAGS)' | cmp -s - $@ || echo '$(CODEC_CFLAGS)' >$@
$(B)/sources: force
	@mkdir -p $(@D); echo '$(SRC)' | cmp -s - $@ || echo '$(SRC)' >$@
.PHONY: force
-include $(OBJ32:.o=.d) $(OBJ64:.o=.d)

deps: ## install what is missing to build, test and document (apt), or name the packages
	@LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' sh .ci/deps all

# The steps after deps run in a second make, which sees the headers and tools just installed.
demo: ## train on built-in pictures for a minute or two, to draw each kind when asked; then open the run's page
	@LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' sh .ci/deps demo
	@$(MAKE) --no-print-directory module
	$(LUA_ENV) $(LUA) experiments/start.lua $(DEMO)
	@echo "Samples, a kind in each row: $$(ls $(DEMO_DIR)/fakes_[0-9]*.png | tail -1)." \
	  "Now open the page of the run: $(DEMO_DIR)/report.html"

DEMO_DIR = runs/demo
# Narrow nets: quick rather than good.
DEMO = --data shapes --conditional --mirror --size 32 --ngf 32 --ndf 32 --steps 2000 --snap 500 \
  --outdir runs --name demo

test: ## run every test; ends with `N passed, N failed`
	@LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' sh .ci/deps test
	@$(MAKE) --no-print-directory spec

F ?= spec
spec: all ## run the tests, or some: make spec F="spec/ops spec/nn_spec.lua"
	@$(RUN_ENV) $(LUA) spec/run.lua $(F)

quick: all ## run the fast tests, a minute: none that starts scripts, trains for long or fuzzes
	@$(RUN_ENV) $(LUA) spec/run.lua --quick $(F)

bench: all ## time kernels and the training step
	$(LUA_ENV) $(LUA) experiments/bench/run.lua $(BENCH)

C_FILES = $(sort $(wildcard csrc/*.[ch] csrc/*/*.[ch] csrc/*/*/*.[ch] lua/gan/*/*/*.c))
lint: ## luacheck, clang-format, and a build with warnings as errors
	@LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' sh .ci/deps lint
	luacheck -q $(wildcard lua spec experiments)
	clang-format --dry-run -Werror $(C_FILES)
	@$(MAKE) --no-print-directory B=build/lint CFLAGS=-O1 WERROR=1 all

format: ## let clang-format rewrite the C sources
	clang-format -i $(C_FILES)

# The interpreter is not built with the sanitizers, so their runtime is preloaded. Leaks are the business of
# memory_spec: what Lua, OpenBLAS and OpenMP keep until exit would drown them here.
ASAN_ENV = LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	GAN_SANITIZED=1 GAN_BUILD=$(B) ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
asan: ## run the tests under AddressSanitizer and UBSan: make asan F=spec/fuzz_spec.lua
	@LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' sh .ci/deps test
	@$(MAKE) --no-print-directory B=build/asan CFLAGS='-O1 -g -fno-omit-frame-pointer' \
	  SAN='-fsanitize=address,undefined -fno-sanitize-recover=all' asan-run
.PHONY: asan-run
asan-run: all
	$(RUN_ENV) $(ASAN_ENV) $(LUA) $(or $(A),spec/run.lua $(F))

# OpenMP's runtime is not built with the sanitizer, which would take its barriers for races: its loops run in one
# thread, and what is looked at are the workers (csrc/par.h), as many as gan.threads says.
TSAN_ENV = LD_PRELOAD="$$($(CC) -print-file-name=libtsan.so)" GAN_SANITIZED=1 GAN_BUILD=$(B) OMP_THREAD_LIMIT=1 \
	OPENBLAS_NUM_THREADS=1 TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=66
tsan: ## run one spec under ThreadSanitizer: make tsan F=spec/data/store_spec.lua
	@LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' sh .ci/deps test
	@$(MAKE) --no-print-directory B=build/tsan CFLAGS='-O1 -g -fno-omit-frame-pointer' SAN=-fsanitize=thread tsan-run
.PHONY: tsan-run
tsan-run: all
	$(RUN_ENV) $(TSAN_ENV) $(LUA) $(or $(A),spec/run.lua $(F))

T ?= 10
SEED ?= 0
torture: all ## attack the program for so many minutes: make torture T=30 PARTS="kills syscalls" SEED=1
	@$(RUN_ENV) CC='$(CC)' MAKE='$(MAKE)' $(LUA) spec/torture/run.lua $(T) $(SEED) $(PARTS)

# A program that embeds Lua: it trains in several threads (spec/support/two_states.c).
%/two_states: spec/support/two_states.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -O1 -g $(WARN) $(LUA_CFLAGS) -o $@ $< -pthread $(or $(call pc,--libs $(LUA_PC)),-llua)

STEPS ?= 1000
CHUNK ?= spec/support/two_states.lua
THREADS ?= 2
states: ## train in threads of one process under ThreadSanitizer: make states STEPS=1000 THREADS=2
	@LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' sh .ci/deps test
	@$(MAKE) --no-print-directory B=build/tsan CFLAGS='-O1 -g -fno-omit-frame-pointer' SAN=-fsanitize=thread \
	  states-run
.PHONY: states-run
states-run: all $(B)/two_states
	$(RUN_ENV) $(TSAN_ENV) $(B)/two_states $(CHUNK) $(STEPS) $(THREADS)

valgrind: ## run one spec under valgrind: make valgrind F=spec/tensor_spec.lua
	@LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' sh .ci/deps test
	@$(MAKE) --no-print-directory B=build/valgrind CFLAGS='-O1 -g' ARCH=x86-64-v2 valgrind-run
.PHONY: valgrind-run
valgrind-run: all
	$(LUA_ENV) OMP_NUM_THREADS=1 OPENBLAS_CORETYPE=Nehalem valgrind -q --error-exitcode=1 $(LUA) spec/run.lua $(F)

# A warning fails it, so that no entry is lost in silence.
doc: ## the reference manual, from the sources' comments, to build/doc
	@LUA='$(LUA)' LUA_INCDIR='$(LUA_INCDIR)' sh .ci/deps doc
	@rm -rf $(B)/doc; mkdir -p $(B)
	@LUA_PATH='$(CURDIR)/.ci/?.lua;;' ldoc -q --fatalwarnings -c ./config.ld -d $(CURDIR)/$(B)/doc lua/gan >/dev/null
	@echo '$(B)/doc/index.html'

install: module ## copy the module to LUADIR and LIBDIR (below PREFIX)
	@for f in $$(cd lua && find gan -name '*.lua' -o -name '*.js' -o -name '*.html'); do \
	 install -d "$(DESTDIR)$(LUADIR)/$$(dirname $$f)" && \
	 install -m 644 lua/$$f "$(DESTDIR)$(LUADIR)/$$f" || exit 1; done
	install -d "$(DESTDIR)$(LIBDIR)/gan"
	install -m 755 $(B)/gan/core.so $(B)/gan/wait.so "$(DESTDIR)$(LIBDIR)/gan"

.PHONY: print-lua
print-lua:
	@echo $(LUA)

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@grep -hE '^[a-z]+:.* ## ' Makefile | sed -E 's/^([a-z-]+):.* ## (.*)/  make \1\t\2/' | expand -t 18
