import { isAlias, isCollection, isMap, isScalar, parseDocument, type Document, type Node, type Pair, type YAMLMap } from "yaml";
import type { Path } from "../../lib/property-path.ts";

/**
 * The text of a stack file, which is edited only where a setting changes: comments, order, quotes and indentation elsewhere stay as they
 * are. Every edit is made at once, so the next one sees its result.
 */
export class StackText {
  private document: Document;
  private written: string;

  constructor(text: string) {
    this.written = text;
    this.document = parseDocument(text);
  }

  get text(): string {
    return this.written;
  }

  /** Why the text cannot be read; undefined if it can. */
  get problem(): string | undefined {
    return this.document.errors[0]?.message;
  }

  /** The value at a path, as plain data; undefined if there is none. Aliases and merge keys are resolved. */
  get(path: Path): unknown {
    const node = this.node(path);
    return node === undefined ? undefined : (node as Node).toJS(this.document);
  }

  /** The keys of the map at a path; none if there is no map. */
  keys(path: Path): string[] {
    const node = this.node(path);
    return isMap(node) ? node.items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : [])) : [];
  }

  /** The value at a path as it is written; undefined if there is none. */
  source(path: Path): string | undefined {
    const node = this.node(path) as Node | undefined;
    return node?.range ? this.written.slice(node.range[0], lastOffset(node)) : undefined;
  }

  /** Renames a key. */
  rename(path: Path, name: string): void {
    const { pair } = this.find(path) ?? {};
    if (pair) this.replace(...rangeOf(pair.key as Node), name);
  }

  /** Adds a key in front of the others of a map. `value` is a text in YAML, in one line. */
  insert(path: Path, key: string, value: string): void {
    const map = this.node(path);
    if (!isMap(map) || !map.range) return;
    const [first] = map.items;
    if (map.flow || !first) return this.replace(map.range[0] + 1, map.range[0] + 1, ` ${key}: ${value}${first ? "," : " "}`);
    const start = rangeOf(first.key as Node)[0];
    // A map in a list begins behind its dash.
    const indent = " ".repeat(start - this.lineStart(start));
    this.replace(start, start, `${key}: ${value}${this.lineBreak}${indent}`);
  }

  /** Removes a key with its value. A map that becomes empty is removed too, up to `keep` keys from the top. */
  remove(path: Path, keep = 0): void {
    const { map, pair, index } = this.find(path) ?? {};
    if (!map || !pair) return;
    if (map.items.length === 1 && path.length - 1 > keep) return this.remove(path.slice(0, -1), keep);
    const start = rangeOf(pair.key as Node)[0];
    const end = lastOffset((pair.value as Node | null) ?? (pair.key as Node));
    const next = map.items[index! + 1];
    if (map.items.length === 1) return this.replace(...wholeOf(map), "{}");
    if (map.flow) {
      if (next) return this.replace(start, rangeOf(next.key as Node)[0], "");
      const before = map.items[index! - 1]!;
      return this.replace(lastOffset((before.value as Node | null) ?? (before.key as Node)), end, "");
    }
    const line = this.lineStart(start);
    const isAlone = this.written.slice(line, start).trim() === "";
    if (!isAlone) return this.replace(start, rangeOf(next!.key as Node)[0], "");
    this.replace(line, this.written[end - 1] === "\n" ? end : this.nextLine(end), "");
  }

  private replace(start: number, end: number, text: string): void {
    this.written = this.written.slice(0, start) + text + this.written.slice(end);
    this.document = parseDocument(this.written);
  }

  private node(path: Path): unknown {
    let node: unknown = this.document.contents;
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(this.document);
      node = isCollection(node) ? node.get(part, true) : undefined;
    }
    return node ?? undefined;
  }

  /** The pair at a path, and its map. */
  private find(path: Path): { map: YAMLMap; pair: Pair; index: number } | undefined {
    const map = this.node(path.slice(0, -1));
    if (!isMap(map)) return undefined;
    const index = map.items.findIndex(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)));
    return index === -1 ? undefined : { map, pair: map.items[index]!, index };
  }

  private get lineBreak(): string {
    return this.written.includes("\r\n") ? "\r\n" : "\n";
  }

  private lineStart(offset: number): number {
    return this.written.lastIndexOf("\n", offset - 1) + 1;
  }

  private nextLine(offset: number): number {
    const end = this.written.indexOf("\n", offset);
    return end === -1 ? this.written.length : end + 1;
  }
}

function rangeOf(node: Node): [start: number, end: number] {
  return [node.range![0], node.range![1]];
}

function wholeOf(map: YAMLMap): [start: number, end: number] {
  return [map.range![0], lastOffset(map)];
}

/** Where a node ends. The range of a block map goes on to the next key, with the comments before it. */
function lastOffset(node: Node): number {
  if (!isCollection(node) || node.flow === true || node.items.length === 0) return node.range![1];
  const last = node.items.at(-1) as Node | Pair;
  if (!("key" in last)) return lastOffset(last);
  return lastOffset((last.value as Node | null) ?? (last.key as Node));
}
