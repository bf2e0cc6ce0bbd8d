#include "catalog/catalog.hpp"
#include "cli/cli.hpp"

int main(int argc, char** argv) { return withstand::cli::main(argc, argv, withstand::faults::catalog); }
