# Read by llama-cpp-python's build (CMAKE_PROJECT_llama_cpp_INCLUDE): leaves out llama.cpp's `common` library
# (chat templates, argument parsing, downloads), which netassist does not call. A plain variable shadows the cache entry
# that llama-cpp-python forces, because its minimum CMake version makes policy CMP0126 NEW.
set(LLAMA_BUILD_COMMON OFF)
