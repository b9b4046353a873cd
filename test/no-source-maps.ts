// Vitest enables source maps, but Node runs the files as they are written: types are replaced with spaces. With them, each stack trace takes
// several times as long, and the SDK records one for each promise.
process.setSourceMapsEnabled(false);
