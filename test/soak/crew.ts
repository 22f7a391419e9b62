/** The gateway processes of a soak: started, struck down, and replaced. */
import type { Timings } from '../../jobs/parts.js';
import type { ArmedGateway, Exit, Gateways } from '../faults/gateways.js';
import type { Violations } from './violations.js';

export const ROLES = ['all', 'api', 'worker'] as const;
export type Role = (typeof ROLES)[number];

export interface Member {
  readonly name: string;
  readonly role: Role;
  readonly gateway: ArmedGateway;
  /** It is never killed, so that its memory can be followed. */
  readonly isElder: boolean;
  isStopped: boolean;
}

export interface CrewParts {
  readonly gateways: Gateways;
  readonly timings: Partial<Timings>;
  readonly violations: Violations;
  /** Once it is aborted, nobody is started any more, and whoever ends was told to. */
  readonly signal: AbortSignal;
  envFor(role: Role): Record<string, string>;
}

const START_TRIES = 20;
const LEAVE_WITHIN_MS = 60_000;

const exitText = ({ code, signal }: Exit): string =>
  signal == null ? `exit code ${code}` : signal;

export class Crew {
  readonly #parts: CrewParts;
  readonly #members = new Set<Member>();
  #started = 0;
  #asked = 0;

  constructor(parts: CrewParts) {
    this.#parts = parts;
  }

  get members(): Member[] {
    return [...this.#members];
  }

  get started(): number {
    return this.#started;
  }

  /** Those that answer requests, in turns. */
  nextUrl(): string | undefined {
    const members = this.members.filter(({ role, isStopped }) => role !== 'worker' && !isStopped);
    this.#asked += 1;
    return members[this.#asked % members.length]?.gateway.url;
  }

  /** While the database is away, a gateway does not start: it is tried again. */
  async add(role: Role, isElder = false): Promise<Member> {
    const { gateways, timings } = this.#parts;
    for (let tries = 1; ; tries += 1) {
      this.#parts.signal.throwIfAborted();
      const gateway = gateways.take();
      try {
        await gateway.start(this.#parts.envFor(role), timings);
        return this.#welcome({ role, gateway, isElder });
      } catch (error) {
        await gateway.kill();
        if (tries === START_TRIES) throw error;
      }
    }
  }

  async kill(member: Member): Promise<void> {
    this.#members.delete(member);
    member.gateway.signal('SIGKILL');
    await member.gateway.exited;
  }

  /** It hands back what it has, and ends by itself. */
  async dismiss(member: Member): Promise<void> {
    this.#members.delete(member);
    this.resume(member);
    member.gateway.signal('SIGTERM');
    const timer = setTimeout(() => member.gateway.signal('SIGKILL'), LEAVE_WITHIN_MS);
    const exit = await member.gateway.exited;
    clearTimeout(timer);
    if (exit.code !== 0) this.#surprised(member, 'exit code 0 after SIGTERM', exit);
  }

  stop(member: Member): void {
    member.isStopped = true;
    member.gateway.signal('SIGSTOP');
  }

  resume(member: Member): void {
    member.isStopped = false;
    member.gateway.signal('SIGCONT');
  }

  #welcome(given: Pick<Member, 'role' | 'gateway' | 'isElder'>): Member {
    this.#started += 1;
    const name = `gateway ${this.#started} (${given.gateway.pid}, ${given.role})`;
    const member = { ...given, name, isStopped: false };
    this.#members.add(member);
    void given.gateway.exited.then((exit) => {
      // Whoever lets it go has taken it out before.
      if (this.#members.delete(member)) this.#surprised(member, 'that it lives', exit);
    });
    return member;
  }

  #surprised({ name, gateway }: Member, expected: string, exit: Exit): void {
    if (this.#parts.signal.aborted) return;
    const last = gateway.output().slice(-2_000);
    const seen = `${name}: ${exitText(exit)}\n${last}`;
    this.#parts.violations.add({ promise: 'no process ends unasked', expected, seen });
  }
}
