// Holds the precompiled header; see Domain.cmake.
