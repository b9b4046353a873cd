import { platformOf, type Stack } from "../../../config/stack-file.ts";
import type { Engine } from "../../engines.ts";
import { isAutoscaled } from "../../operate/operate.ts";
import { Health } from "../../status/status.ts";
import { answersOf } from "../../summary.ts";
import { currentFailures } from "../../workloads/workloads.ts";
import { ActionKind, type ActionRun, type Service, type State } from "../page/model.ts";
import { layoutsOf } from "./diagram.ts";
import type { Running, Source } from "./source.ts";

/** Milliseconds in which changes are gathered before the state is read. */
const gatherMs = 50;

/** Milliseconds between two looks while a service is not healthy: some of its problems begin by time, not by an event. */
const unhealthyMs = 2000;

/** Milliseconds between two requests to the URLs, while a page is open. */
const urlsMs = 30_000;

/** Milliseconds after the last change of health in which an `up` has ended. */
const afterUpMs = 5000;

type Answers = Record<string, { url?: string; answer?: number | string }>;

/** The state of a stack, read again whenever the cluster or Docker tells of a change. */
export class LiveState {
  private readonly stack: Stack;
  private readonly engine: Engine;
  private readonly source: Source;
  private readonly readOnly: boolean;
  private readonly publish: (state: State) => void;
  /** What is wrong with the watch, and with what was read last. */
  private watchProblem: string | undefined;
  private readProblem: string | undefined;
  private running: { services: Running[]; events: State["events"] } = { services: [], events: [] };
  private diagram: State["diagram"] = { wide: empty, narrow: empty };
  private failures: State["failures"] = [];
  private answers: Answers = {};
  private outputs: Parameters<typeof answersOf>[0] = {};
  private reading: Promise<void> | undefined;
  private again = false;
  private seen = "";
  private afterUp: NodeJS.Timeout | undefined;
  private seenFailing = "";
  private published = "";
  /** The last command of the page. */
  actionRun: () => ActionRun | undefined = () => undefined;

  constructor(stack: Stack, engine: Engine, source: Source, { readOnly, publish }: { readOnly: boolean; publish: (state: State) => void }) {
    this.stack = stack;
    this.engine = engine;
    this.source = source;
    this.readOnly = readOnly;
    this.publish = publish;
  }

  /** Watches until the signal is aborted. Returns when the first state is known. */
  async start(hasPages: () => boolean, signal: AbortSignal): Promise<void> {
    const failed = (problem: string | undefined) => {
      this.watchProblem = problem;
      this.announce();
    };
    await this.source.watch(() => this.changed(), failed, signal);
    await this.read();
    const unhealthy = setInterval(() => this.running.services.some(({ health }) => !isQuiet(health)) && this.changed(), unhealthyMs);
    const urls = setInterval(() => hasPages() && this.checkUrls(), urlsMs);
    signal.addEventListener("abort", () => (clearInterval(unhealthy), clearInterval(urls)), { once: true });
  }

  get state(): State {
    const { stack, readOnly, diagram, failures, watchProblem, readProblem } = this;
    const problem = watchProblem ?? readProblem;
    const action = this.actionRun();
    return {
      project: stack.project,
      stack: stack.name,
      platform: platformOf(stack),
      readOnly,
      ...(problem !== undefined && { problem }),
      diagram,
      services: this.running.services.map((service) => this.withActions(service)),
      events: this.running.events,
      failures,
      ...(action && { action }),
    };
  }

  /** Sends the state to the pages if it is another one. */
  announce(): void {
    const { state } = this;
    const text = JSON.stringify(state);
    if (text === this.published) return;
    this.published = text;
    this.publish(state);
  }

  /** Requests the URLs of the services. */
  checkUrls(): void {
    const keep = (answers: Answers) => {
      this.answers = answers;
      this.announce();
    };
    answersOf(this.outputs, 0).then(keep, () => undefined);
  }

  private withActions(service: Running): Service {
    const { url, answer } = this.answers[service.name] ?? {};
    const platform = platformOf(this.stack);
    const canScale = platform !== "docker" && !isAutoscaled(this.stack, service.name);
    const actions = [ActionKind.Rollback, ActionKind.Restart, ...(canScale ? [ActionKind.Scale] : [])];
    return {
      ...service,
      ...(url !== undefined && { url }),
      ...(answer !== undefined && { answer }),
      actions: service.kind === "service" && !this.readOnly ? actions : [],
    };
  }

  private changed(): void {
    if (this.reading) {
      this.again = true;
      return;
    }
    this.reading = new Promise<void>((done) => setTimeout(done, gatherMs))
      .then(() => this.read())
      .then(
        () => void (this.readProblem = undefined),
        (error: Error) => void (this.readProblem = error.message.replace(/\.$/, "")),
      )
      .finally(() => {
        this.reading = undefined;
        this.announce();
        if (this.again) this.changed();
        this.again = false;
      });
  }

  private async read(): Promise<void> {
    this.running = await this.source.read();
    this.announce();
    const { services } = this.running;
    const healths = JSON.stringify(services.map(({ name, health, ready }) => [name, health, ready]));
    const isOther = healths !== this.seen;
    this.seen = healths;
    if (isOther) {
      await this.readDeployment();
      // An `up` writes its outputs when the last service is healthy.
      clearTimeout(this.afterUp);
      this.afterUp = setTimeout(() => void this.readDeployment().catch(() => undefined), afterUpMs).unref();
    }
    // A proxy takes some time to notice.
    if (isOther) for (const ms of [0, 1000, 4000]) setTimeout(() => this.checkUrls(), ms).unref();
    await this.explain(services);
  }

  /** What an `up` changes: the resources, and the URLs. */
  private async readDeployment(): Promise<void> {
    const [resources, outputs] = await Promise.all([this.engine.resources(), this.engine.outputs(false)]);
    this.diagram = layoutsOf(resources);
    this.outputs = outputs;
    this.announce();
  }

  private async explain(services: Running[]): Promise<void> {
    const failing = services.filter(({ health }) => health === Health.Failing);
    const key = JSON.stringify(failing.map(({ name, reason, restarts }) => [name, reason, restarts]));
    if (key === this.seenFailing) return;
    this.seenFailing = key;
    const cards = failing.length === 0 ? [] : await currentFailures(this.stack, this.engine);
    this.failures = cards.filter(({ service }) => failing.some(({ name }) => name === service));
    this.announce();
  }
}

const empty = { width: 0, height: 0, boxes: [], arrows: [] };

/** Whether the health changes only with an event. */
function isQuiet(health: Health): boolean {
  return health !== Health.Failing && health !== Health.Updating;
}
