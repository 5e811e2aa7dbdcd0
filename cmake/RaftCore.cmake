# Builds src/raft/core (Rust) into the imported library graft_raft_core.
#
# One cargo target directory serves all build directories of a user, so that debug, release and sanitizer builds share
# one compilation (40 s). GRAFT_CARGO_TARGET_DIR, as a cache or an environment variable, puts it elsewhere.
find_program(CARGO_PROGRAM cargo HINTS $ENV{HOME}/.cargo/bin REQUIRED)

set(raft_core_default ${CMAKE_BINARY_DIR}/raft_core)
if(DEFINED ENV{GRAFT_CARGO_TARGET_DIR})
  set(raft_core_default $ENV{GRAFT_CARGO_TARGET_DIR})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(raft_core_default $ENV{XDG_CACHE_HOME}/graft/raft_core)
elseif(DEFINED ENV{HOME})
  set(raft_core_default $ENV{HOME}/.cache/graft/raft_core)
endif()
set(GRAFT_CARGO_TARGET_DIR ${raft_core_default} CACHE PATH "Where cargo builds the Raft core")

set(raft_core_source ${CMAKE_SOURCE_DIR}/src/raft/core)
set(raft_core_library ${CMAKE_BINARY_DIR}/libgraft_raft_core.a)
file(GLOB raft_core_inputs CONFIGURE_DEPENDS ${raft_core_source}/src/*.rs)
add_custom_command(
  OUTPUT ${raft_core_library}
  COMMAND ${CMAKE_COMMAND} -E env CARGO_TARGET_DIR=${GRAFT_CARGO_TARGET_DIR}
          ${CARGO_PROGRAM} build --release --locked --quiet --manifest-path ${raft_core_source}/Cargo.toml
  COMMAND ${CMAKE_COMMAND} -E copy ${GRAFT_CARGO_TARGET_DIR}/release/libgraft_raft_core.a ${raft_core_library}
  DEPENDS ${raft_core_inputs} ${raft_core_source}/Cargo.toml ${raft_core_source}/Cargo.lock
  COMMENT "Building the Raft core (Rust)"
  USES_TERMINAL VERBATIM)
add_custom_target(graft_raft_core_build DEPENDS ${raft_core_library})

add_library(graft_raft_core STATIC IMPORTED GLOBAL)
set_target_properties(graft_raft_core PROPERTIES
  IMPORTED_LOCATION ${raft_core_library}
  INTERFACE_LINK_LIBRARIES "dl;m")
add_dependencies(graft_raft_core graft_raft_core_build)
