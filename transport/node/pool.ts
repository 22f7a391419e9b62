/** All that goes to one origin: the connection in use, those that finish their last requests, and who waits. */
import type { ClientHttp2Stream } from 'node:http2';
import { Backoff } from '../backoff.js';
import { Changes } from '../changes.js';
import { cutOffFault } from '../connect-fault.js';
import type { Endpoint } from '../endpoint.js';
import { ExchangeQueue } from '../exchange-queue.js';
import type { TransportSettings } from '../options.js';
import type { OriginPool } from '../pools.js';
import type { TransportError, TransportReply, TransportRequest } from '../transport.js';
import { connect } from './connect.js';
import { Connection, type ConnectionOwner, type OpenSession } from './connection.js';
import { Exchange, type ExchangeOwner } from './exchange.js';
import { requestHeaders } from './request-headers.js';

const MOST_REPEATS = 3;
/** After the last request, how long sockets may take to say goodbye. */
const GOODBYE_MS = 500;

export class Pool implements OriginPool, ConnectionOwner, ExchangeOwner {
  private readonly queue = new ExchangeQueue<Exchange>();
  private readonly running = new Set<Exchange>();
  /** With those that only finish what they have. */
  private readonly connections = new Set<Connection>();
  private current: Connection | undefined;
  private connecting: AbortController | undefined;
  /** The latest attempt; settled when it has ended. */
  private attempted = Promise.resolve();
  private readonly backoff: Backoff;
  private readonly changes = new Changes();

  constructor(
    private readonly endpoint: Endpoint,
    private readonly settings: TransportSettings,
  ) {
    this.backoff = new Backoff(settings);
  }

  /** Nothing is lost when it is forgotten. */
  get isDisposable(): boolean {
    return (
      this.isQuiet && !this.connecting && this.connections.size === 0 && !this.backoff.waitingOut
    );
  }

  private get isQuiet(): boolean {
    return this.running.size === 0;
  }

  request(request: TransportRequest): Promise<TransportReply> {
    return new Promise((resolve, reject) => {
      const headers = requestHeaders(this.endpoint.authority, request);
      const callbacks = { resolve, reject };
      const exchange = new Exchange(request, headers, this, this.settings, callbacks);
      this.running.add(exchange);
      if (this.queue.isEmpty && this.current?.hasRoom) this.current.send(exchange);
      else this.enqueue(exchange);
    });
  }

  async ready(): Promise<void> {
    if (this.current) return;
    this.connect();
    await this.attempted;
  }

  renew(): void {
    this.current?.retire();
  }

  /** Waits for running requests, fails what is left after `closeTimeoutMs`, and then closes all connections. */
  async close(): Promise<void> {
    await this.changes.until(() => this.isQuiet, this.settings.closeTimeoutMs);
    this.connecting?.abort(new Error('the transport is closing'));
    for (const exchange of [...this.running]) exchange.fail('closed', 'The transport is closing');
    for (const connection of [...this.connections]) connection.retire();
    await this.changes.until(() => this.connections.size === 0, GOODBYE_MS);
    for (const connection of [...this.connections]) connection.destroy();
  }

  onSettled(exchange: Exchange): void {
    this.running.delete(exchange);
    this.changes.tell();
  }

  onOverdue(stream: ClientHttp2Stream): void {
    if (this.current?.owns(stream)) this.current.suspect();
  }

  onRoom(): void {
    while (!this.queue.isEmpty && this.current?.hasRoom) {
      const next = this.queue.shift();
      if (next?.isInTime()) this.current.send(next);
    }
  }

  onRetired(connection: Connection): void {
    if (this.current === connection) this.current = undefined;
    if (connection.wasUseless) this.backoff.failed(cutOffFault(this.endpoint.authority));
    else if (connection.hasAnswered) this.backoff.succeeded();
    if (!this.queue.isEmpty) this.connect();
  }

  onUnprocessed(exchange: Exchange): void {
    exchange.unsend();
    if (!this.running.has(exchange)) return;
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

  private enqueue(exchange: Exchange): void {
    this.queue.push(exchange);
    this.proceed();
  }

  private proceed(): void {
    if (this.current) this.onRoom();
    else this.connect();
  }

  private connect(): void {
    if (this.connecting) return;
    const fault = this.backoff.waitingOut;
    if (fault) return this.failQueued(fault);
    const attempt = new AbortController();
    const timer = setTimeout(() => {
      attempt.abort(new Error(`it took longer than ${this.settings.connectTimeoutMs} ms`));
    }, this.settings.connectTimeoutMs);
    this.connecting = attempt;
    this.attempted = connect(this.endpoint, attempt.signal).then(
      (open) => {
        clearTimeout(timer);
        this.connecting = undefined;
        this.connected(open, attempt.signal);
      },
      (error: TransportError) => {
        clearTimeout(timer);
        this.connecting = undefined;
        this.notConnected(error);
      },
    );
  }

  private connected(open: OpenSession, { aborted }: AbortSignal): void {
    // A GOAWAY may come in the same packet as the SETTINGS, before anybody could listen for it.
    if (aborted || open.session.closed || open.session.destroyed) {
      open.session.destroy();
      open.socket.destroy();
      return this.notConnected(cutOffFault(this.endpoint.authority));
    }
    this.current = new Connection(open, this, this.settings);
    this.connections.add(this.current);
    this.onRoom();
  }

  private notConnected(error: TransportError): void {
    this.backoff.failed(error);
    this.failQueued(error);
  }

  private failQueued({ fault, message, cause }: TransportError): void {
    for (let next = this.queue.shift(); next; next = this.queue.shift()) {
      next.fail(fault, message, { cause });
    }
  }
}
