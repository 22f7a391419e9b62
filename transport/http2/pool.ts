/** All that goes to one origin: the connections in use, those that finish their last requests, and who waits. */
import { Backoff } from '../backoff.js';
import { Changes } from '../changes.js';
import { cutOffFault } from '../connect-fault.js';
import type { Endpoint } from '../endpoint.js';
import { ExchangeQueue } from '../exchange-queue.js';
import type { TransportSettings } from '../options.js';
import type { OriginPool } from '../pools.js';
import { assertSendable } from '../request-headers.js';
import { TransportError, type TransportReply, type TransportRequest } from '../transport.js';
import { connect } from './connect.js';
import type { Connection, ConnectionOwner } from './connection.js';
import type { DeadlineWheel } from './deadline-wheel.js';
import { Exchange, type ExchangeOwner } from './exchange.js';
import { Growth } from './growth.js';

const MOST_REPEATS = 3;
/** After the last request, how long sockets may take to say goodbye. */
const GOODBYE_MS = 500;

export class Pool implements OriginPool, ExchangeOwner, ConnectionOwner {
  private readonly queue = new ExchangeQueue<Exchange>();
  private running = 0;
  /** With those that only finish what they have. */
  private readonly connections = new Set<Connection>();
  /** Those that take requests. */
  private open: Connection[] = [];
  /** Where the next request goes while there is room: a run of requests on one connection is one write. */
  private current: Connection | undefined;
  private readonly connecting = new Set<AbortController>();
  /** The latest attempt; settled when it has ended. */
  private attempted = Promise.resolve();
  private readonly backoff: Backoff;
  private readonly growth = new Growth(
    () => this.open.reduce((sum, { answers }) => sum + answers, 0),
    () => this.grow(),
  );
  private isClosing = false;
  private readonly changes = new Changes();

  constructor(
    private readonly endpoint: Endpoint,
    readonly limits: TransportSettings,
    readonly deadlines: DeadlineWheel,
  ) {
    this.backoff = new Backoff(limits);
  }

  get isDisposable(): boolean {
    const isUnused = this.running === 0 && this.connections.size === 0;
    return isUnused && this.connecting.size === 0 && !this.backoff.waitingOut;
  }

  request(request: TransportRequest): Promise<TransportReply> {
    try {
      assertSendable(request);
    } catch (error) {
      const invalid = error as TransportError;
      return Promise.reject(invalid);
    }
    const exchange = new Exchange(request, this);
    this.running += 1;
    if (this.queue.isEmpty && this.current?.hasRoom) {
      this.current.send(exchange);
    } else {
      this.queue.push(exchange);
      this.proceed();
    }
    return exchange.promise;
  }

  async ready(): Promise<void> {
    if (this.open.length > 0 || this.isClosing) return;
    this.connect();
    await this.attempted;
  }

  renew(): void {
    for (const connection of [...this.open]) connection.retire();
  }

  /** Waits for running requests, fails what is left after `closeTimeoutMs`, and then closes all connections. */
  async close(): Promise<void> {
    await this.changes.until(() => this.running === 0, this.limits.closeTimeoutMs);
    this.isClosing = true;
    for (const attempt of this.connecting) attempt.abort(new Error('the transport is closing'));
    this.failQueued(new TransportError('closed', 'The transport is closing', false));
    for (const connection of this.connections) {
      connection.failAll((exchange) => exchange.fail('closed', 'The transport is closing'));
    }
    for (const connection of [...this.connections]) connection.retire();
    await this.changes.until(() => this.connections.size === 0, GOODBYE_MS);
    for (const connection of [...this.connections]) connection.destroy();
  }

  onSettled(): void {
    this.running -= 1;
    this.changes.tell();
  }

  onReady(connection: Connection): void {
    this.connections.add(connection);
    this.open.push(connection);
  }

  onRoom(connection: Connection): void {
    if (this.queue.isEmpty) return this.growth.ranDry();
    while (connection.hasRoom) {
      const next = this.queue.shift();
      if (next === undefined) return this.growth.ranDry();
      if (next.isInTime()) connection.send(next);
    }
    if (this.queue.isEmpty) this.growth.ranDry();
  }

  onRetired(connection: Connection): void {
    this.open = this.open.filter((other) => other !== connection);
    if (this.current === connection) this.current = undefined;
    if (connection.wasUseless) this.backoff.failed(cutOffFault(this.endpoint.authority));
    else if (connection.hasAnswered) this.backoff.succeeded();
    if (this.open.length > 0 || this.isClosing) return;
    // One that drains is replaced before anybody has to wait for it.
    const isDraining = connection.isBusy && !connection.destroyed;
    if (!this.queue.isEmpty || isDraining) this.connect();
  }

  onUnprocessed(exchange: Exchange): void {
    exchange.unsend();
    if (exchange.hasEnded) return;
    exchange.repeats += 1;
    if (exchange.repeats > MOST_REPEATS) {
      exchange.fail('refused', `The peer refused the request ${exchange.repeats} times`);
    } else {
      this.queue.pushFirst(exchange);
      this.proceed();
    }
  }

  onClosed(connection: Connection): void {
    this.connections.delete(connection);
    this.changes.tell();
  }

  /** Sends what waits where there is room. */
  private proceed(): void {
    while (!this.queue.isEmpty) {
      if (this.open.length === 0) return this.connect();
      const roomiest = this.open.reduce((best, other) => (other.room > best.room ? other : best));
      if (!roomiest.hasRoom) return this.growth.queueing();
      this.current = roomiest;
      this.onRoom(roomiest);
    }
  }

  /** As many again as there are, within the limit. */
  private grow(): void {
    const { connectionsPerOrigin } = this.limits;
    const most = Math.min(this.open.length * 2, connectionsPerOrigin);
    for (let count = this.open.length + this.connecting.size; count < most; count += 1) {
      if (!this.backoff.waitingOut) this.startConnecting();
    }
  }

  private connect(): void {
    if (this.connecting.size > 0) return;
    const fault = this.backoff.waitingOut;
    if (fault) this.failQueued(fault);
    else this.startConnecting();
  }

  private startConnecting(): void {
    const attempt = new AbortController();
    const { connectTimeoutMs } = this.limits;
    const timer = setTimeout(() => {
      attempt.abort(new Error(`it took longer than ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    this.connecting.add(attempt);
    const ended = (): void => {
      clearTimeout(timer);
      this.connecting.delete(attempt);
    };
    this.attempted = connect(this.endpoint, attempt.signal, this, this.limits).then(
      (connection) => {
        ended();
        // A GOAWAY may come in the same packet as the SETTINGS. One that is busy has only had its share of requests.
        if (connection.closed && !connection.isBusy)
          this.notConnected(cutOffFault(this.endpoint.authority));
        else this.proceed();
      },
      (error: TransportError) => {
        ended();
        this.notConnected(error);
      },
    );
  }

  private notConnected(error: TransportError): void {
    this.backoff.failed(error);
    if (this.open.length === 0 && this.connecting.size === 0) this.failQueued(error);
  }

  private failQueued({ fault, message, cause }: TransportError): void {
    for (let next = this.queue.shift(); next; next = this.queue.shift()) {
      next.fail(fault, message, { cause });
    }
  }
}
