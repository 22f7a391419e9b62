/** Gateway processes for one row after another: loaded before they are needed, and used again unless they were killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Timings } from '../../jobs/parts.js';
import type { News, Order, Trap } from './armed-gateway.js';
import { compiledGateway } from './compiled.js';

const ANSWER_WITHIN_MS = 180_000;
const KEPT_LINES = 200;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type NewsKind = News['kind'];

export interface ArmedGatewayOptions {
  /** Told every line it writes. */
  readonly heard?: (line: string) => void;
  /** Added to its environment. */
  readonly more?: Readonly<Record<string, string>>;
}

/** One process; it can run one gateway after another. */
export class ArmedGateway {
  readonly #child: ChildProcess;
  readonly #heard = new EventEmitter();
  readonly #lines: string[] = [];
  readonly #loaded: Promise<unknown>;
  readonly exited: Promise<Exit>;
  hasExited = false;
  /** It runs a gateway, or has not yet; false after a start that failed. */
  isSound = true;
  url = '';

  constructor({ heard = () => undefined, more = {} }: ArmedGatewayOptions = {}) {
    const own = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('PIGEONPOST_') && name !== 'MONGODB_URI',
    );
    this.#child = spawn(process.execPath, [compiledGateway()], {
      env: { ...Object.fromEntries(own), ...more },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream == null) continue;
      createInterface(stream).on('line', (line) => {
        this.#keep(line);
        heard(line);
      });
    }
    this.exited = once(this.#child, 'exit').then(([code, signal]: unknown[]) => {
      this.hasExited = true;
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
    this.#child.on('message', (news: News) => this.#heard.emit(news.kind, news));
    this.#loaded = this.#next('loaded');
    this.#loaded.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last lines it wrote, for the message of a row that fails. */
  output(): string {
    return this.#lines.join('\n');
  }

  async start(env: Record<string, string>, timings: Partial<Timings>): Promise<void> {
    this.isSound = false;
    await this.#loaded;
    this.#lines.length = 0;
    const ready = this.#next('ready');
    this.#order({ kind: 'start', env, timings });
    ({ url: this.url } = (await ready) as News & { kind: 'ready' });
    this.isSound = true;
  }

  /** Resolves once the trap is set; what is `reached` resolves when the process is held in it. */
  async arm(trap: Trap): Promise<{ reached: Promise<unknown> }> {
    const armed = this.#next('armed');
    const reached = this.#next('reached');
    reached.catch(() => undefined);
    this.#order({ kind: 'arm', trap });
    await armed;
    return { reached };
  }

  release(): void {
    this.#order({ kind: 'release' });
  }

  /** Stops the gateway, and keeps the process for another. */
  async stop(): Promise<void> {
    const stopped = this.#next('stopped');
    this.#order({ kind: 'stop' });
    await stopped;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (!this.hasExited) this.#child.kill('SIGKILL');
    await this.exited;
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }

  #order(order: Order): void {
    if (this.#child.connected) this.#child.send(order);
  }

  #next(kind: NewsKind): Promise<News> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        done();
        reject(new Error(`Waited in vain to hear "${kind}": ${why}\n${this.output()}`));
      };
      const failed = (news: News): void => {
        if (news.kind === 'failed') fail(news.message);
      };
      const ended = (): void => fail('the process has ended');
      const heard = (news: News): void => {
        done();
        resolve(news);
      };
      const timer = setTimeout(() => fail('it takes too long'), ANSWER_WITHIN_MS);
      const done = (): void => {
        clearTimeout(timer);
        this.#heard.off(kind, heard).off('failed', failed);
        this.#child.off('exit', ended);
      };
      this.#heard.on(kind, heard).on('failed', failed);
      this.#child.on('exit', ended);
    });
  }
}

export interface Gateways {
  /** A process that is loaded, or nearly so. */
  take(): ArmedGateway;
  /** Back for the next row, or killed when it does not stop. */
  giveBack(gateway: ArmedGateway): Promise<void>;
  close(): Promise<void>;
}

/**
 * Keeps `spares` processes loading ahead: a start costs a second of CPU time, most of it reading code. `heard` is told
 * every line that any of them writes, and which process it was.
 */
export const createGateways = (
  spares: number,
  heard?: (line: string, pid: number | undefined) => void,
): Gateways => {
  const all = new Set<ArmedGateway>();
  const idle: ArmedGateway[] = [];
  let isClosed = false;
  const load = (): ArmedGateway => {
    const gateway: ArmedGateway = new ArmedGateway({
      heard: (line) => heard?.(line, gateway.pid),
    });
    all.add(gateway);
    void gateway.exited.then(() => all.delete(gateway));
    return gateway;
  };
  const refill = (): void => {
    while (!isClosed && idle.length < spares) idle.push(load());
  };
  refill();
  return {
    take() {
      const gateway = idle.shift() ?? load();
      refill();
      return gateway;
    },
    async giveBack(gateway) {
      if (gateway.hasExited) return;
      try {
        if (!gateway.isSound) throw new Error('It did not start');
        await gateway.stop();
        idle.unshift(gateway);
      } catch {
        await gateway.kill();
      }
    },
    async close() {
      isClosed = true;
      await Promise.all([...all].map((gateway) => gateway.kill()));
    },
  };
};
