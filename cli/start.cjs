#!/usr/bin/env node
// The command of the npm package. CommonJS and old syntax, so that old versions of Node.js can run it and say what they lack.
"use strict";
const { spawnSync } = require("node:child_process");
const { existsSync, mkdirSync, readFileSync } = require("node:fs");
const module_ = require("node:module");
const { homedir } = require("node:os");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { satisfies } = require("semver");

const root = path.join(__dirname, "..");
const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache"), "slipway");
const { node: range } = require("../package.json").engines;

if (satisfies(process.versions.node, range)) start();
else restart(suitableNode());

function start() {
  process.env.SLIPWAY_EXECUTABLE = process.env.SLIPWAY_EXECUTABLE || process.argv[1];
  // Saves 0.1 s at every start.
  if (!process.env.NODE_COMPILE_CACHE) module_.enableCompileCache(path.join(cache, "node-compile-cache"));
  const load = (file) => import(pathToFileURL(path.join(__dirname, file)).href);
  void load("early-builds.js").then(() => load("main.js"));
}

/** Runs this command with another Node.js, which also is the one of the programs that it starts. */
function restart(node) {
  const env = { ...process.env, PATH: path.dirname(node) + path.delimiter + process.env.PATH };
  process.on("SIGINT", () => {}); // the other process gets it, too, and ends as it should
  const { status, error } = spawnSync(node, process.argv.slice(1), { stdio: "inherit", env });
  if (error) fail(error.message);
  process.exit(status === null ? 1 : status);
}

/** A version of Node.js that is new enough, from npm. The first call installs it into the cache. */
function suitableNode() {
  const version = readFileSync(path.join(root, "node-version"), "utf8").trim();
  const folder = path.join(cache, "node-" + version);
  const node = path.join(folder, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(node)) return node;
  process.stderr.write(`Slipway needs Node.js ${range}, and this is ${process.version}.\n  install Node ${version} from npm …\n`);
  const began = Date.now();
  mkdirSync(folder, { recursive: true });
  const options = ["--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = spawnSync("npm", ["install", "--prefix", folder, ...options, "node@" + version], { stdio: ["ignore", "ignore", "inherit"] });
  if (npm.status !== 0) fail(`Node ${version} could not be installed from npm. Install Node.js ${range}: https://nodejs.org/en/download`);
  process.stderr.write(`✓ install Node ${version} from npm (${Math.round((Date.now() - began) / 1000)} s)\n`);
  return node;
}

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}
