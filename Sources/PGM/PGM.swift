import ArgumentParser
import Configuration
import Hummingbird
import Shared
@main struct PGM: ParsableCommand {}
