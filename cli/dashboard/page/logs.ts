import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { html } from "htm/preact";
import type { NumberedLine } from "./model.ts";
import { useStore } from "./store.ts";

/** Height of a line in pixels, as in the style sheet. Only the lines that can be seen are in the page, so 100,000 of them scroll. */
const lineHeight = 22;

/** Lines above and below those that can be seen. */
const margin = 20;

/** Whether a structured line matches in the form that is shown, such as `status=500`. */
function compactMatches(text: string, wanted: string): boolean {
  return wanted.includes("=") && text.startsWith("{") && compact(text).toLowerCase().includes(wanted);
}

/** Lines that match, found again from the beginning only if the filter changes. */
class Filter {
  matching: NumberedLine[] = [];
  private key = "";
  private next = 0;

  update(lines: NumberedLine[], trimmed: number, text: string, service: string): NumberedLine[] {
    const key = `${trimmed} ${service} ${text}`;
    if (key !== this.key) [this.key, this.matching, this.next] = [key, [], 0];
    const wanted = text.toLowerCase();
    for (; this.next < lines.length; this.next++) {
      const line = lines[this.next]!;
      if (
        (service === "" || line.service === service) &&
        (wanted === "" || line.text.toLowerCase().includes(wanted) || compactMatches(line.text, wanted) || line.from.includes(wanted))
      )
        this.matching.push(line);
    }
    return this.matching;
  }
}

export function LogsView() {
  const { lines, trimmed, state } = useStore();
  const [text, setText] = useState("");
  const [service, setService] = useState("");
  const [follows, setFollows] = useState(true);
  const filter = useMemo(() => new Filter(), []);
  const matching = filter.update(lines, trimmed, text, service);
  const names = [...new Set([...(state?.services.map(({ name }) => name) ?? []), ...namesIn(lines)])].sort();
  const onText = (event: InputEvent) => setText((event.target as HTMLInputElement).value);
  const onService = (event: Event) => setService((event.target as HTMLSelectElement).value);
  return html`<section class="logs" aria-labelledby="logs-title">
    <h2 id="logs-title">Logs</h2>
    <div class="filters">
      <label>Search <input type="search" value=${text} onInput=${onText} /></label>
      <label
        >Service
        <select value=${service} onChange=${onService}>
          <option value="">all</option>
          ${names.map((name) => html`<option value=${name}>${name}</option>`)}
        </select></label
      >
      <label><input type="checkbox" checked=${follows} onChange=${() => setFollows(!follows)} /> Follow</label>
      <span class="soft" role="status">${count(matching.length, lines.length)}</span>
    </div>
    <${LineList} lines=${matching} text=${text} follows=${follows} setFollows=${setFollows} />
  </section>`;
}

function count(matching: number, all: number): string {
  const format = (value: number) => value.toLocaleString("en");
  return matching === all ? `${format(all)} lines` : `${format(matching)} of ${format(all)} lines`;
}

/** Names in the newest lines: those over OTLP may be of other programs. */
function namesIn(lines: NumberedLine[]): Set<string> {
  return new Set(lines.slice(-2000).map(({ service }) => service));
}

interface ListProps {
  lines: NumberedLine[];
  text: string;
  follows: boolean;
  setFollows: (follows: boolean) => void;
}

function LineList({ lines, text, follows, setFollows }: ListProps) {
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [size, setSize] = useState(600);
  const [selected, setSelected] = useState<NumberedLine | undefined>();
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setSize(entry!.contentRect.height));
    observer.observe(list.current!);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (follows) list.current!.scrollTop = lines.length * lineHeight;
  });
  const first = Math.max(0, Math.floor(top / lineHeight) - margin);
  const shown = lines.slice(first, first + Math.ceil(size / lineHeight) + 2 * margin);
  const onScroll = () => {
    // The event comes in the next frame, when another view may be there.
    if (list.current === null) return;
    const { scrollTop, scrollHeight, clientHeight } = list.current;
    // Scrolling up stops following, and scrolling to the end begins it again.
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - lineHeight;
    if (scrollTop < top - 1 && !isAtEnd && follows) setFollows(false);
    else if (isAtEnd && !follows && scrollTop > top) setFollows(true);
    setTop(scrollTop);
  };
  const select = (index: number) => {
    const line = lines[Math.min(Math.max(index, 0), lines.length - 1)];
    if (line === undefined) return;
    setSelected(line);
    setFollows(false);
    const at = lines.indexOf(line) * lineHeight;
    const { current } = list;
    if (at < current!.scrollTop) current!.scrollTop = at;
    if (at + lineHeight > current!.scrollTop + current!.clientHeight) current!.scrollTop = at + lineHeight - current!.clientHeight;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      select(selected === undefined ? lines.length - 1 : lines.indexOf(selected) + step);
    } else if (event.key === "Escape") setSelected(undefined);
  };
  const isShown = selected !== undefined && shown.includes(selected);
  return html`
    <div
      class="lines"
      ref=${list}
      tabindex="0"
      role="listbox"
      aria-label="Log lines"
      aria-activedescendant=${isShown ? `line-${selected.number}` : undefined}
      onScroll=${onScroll}
      onKeyDown=${onKeyDown}
    >
      <div class="all" role="presentation" style=${{ height: `${lines.length * lineHeight}px` }}>
        <div role="presentation" style=${{ transform: `translateY(${first * lineHeight}px)` }}>
          ${shown.map(
            (line, i) =>
              html`<div
                key=${line.number}
                id=${`line-${line.number}`}
                class="line"
                role="option"
                aria-selected=${line === selected}
                aria-setsize=${lines.length}
                aria-posinset=${first + i + 1}
                onClick=${() => setSelected(line)}
              >
                <time>${line.time.slice(11, 23)}</time><b class=${`name-${hash(line.from) % 6}`}>${line.from}</b
                ><span><${Marked} line=${compact(line.text)} text=${text} /></span>
              </div>`,
          )}
        </div>
      </div>
    </div>
    ${selected !== undefined && html`<${Detail} line=${selected} close=${() => setSelected(undefined)} />`}
  `;
}

function Detail({ line: { time, service, from, text }, close }: { line: NumberedLine; close: () => void }) {
  return html`<section class="card" aria-label="Selected line">
    <div class="row">
      <b>${service}</b> <span class="soft">${from}</span> <time>${time}</time> <button type="button" onClick=${close}>Close</button>
    </div>
    <pre tabindex="0" aria-label="Text of the line">${pretty(text)}</pre>
  </section>`;
}

/** A structured line of slog, zap, zerolog or logrus as `level message key=value`, which fits better. The time is shown already. */
function compact(text: string): string {
  if (!text.startsWith("{")) return text;
  const { time: _time, ts: _ts, timestamp: _timestamp, level, msg, message = msg, ...rest } = fieldsOf(text) ?? {};
  if (message === undefined) return text;
  const written = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const pairs = Object.entries(rest).map(([key, value]) => `${key}=${written(value)}`);
  return [...(level === undefined ? [] : [written(level)]), written(message), ...pairs].join(" ");
}

function fieldsOf(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** A line of JSON with one field in each line. */
function pretty(text: string): string {
  const fields = text.startsWith("{") ? fieldsOf(text) : undefined;
  return fields === undefined ? text : JSON.stringify(fields, null, 2);
}

function Marked({ line, text }: { line: string; text: string }) {
  const at = text === "" ? -1 : line.toLowerCase().indexOf(text.toLowerCase());
  if (at < 0) return html`${line}`;
  return html`${line.slice(0, at)}<mark>${line.slice(at, at + text.length)}</mark>${line.slice(at + text.length)}`;
}

/** So that a pod has the same colour in all lines. */
function hash(text: string): number {
  let value = 0;
  for (const character of text) value = (value * 31 + character.codePointAt(0)!) >>> 0;
  return value;
}
