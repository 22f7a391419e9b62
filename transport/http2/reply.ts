/** A reply whose headers are laid out only when somebody asks for them: of most pushes nobody does. */
import type { TransportReply } from '../transport.js';
import { fieldOf, headersOf, type ReplyHead } from './reply-head.js';

export class Reply implements TransportReply {
  private laidOut: Readonly<Record<string, string>> | undefined;

  constructor(
    private readonly head: ReplyHead,
    readonly body: Buffer,
  ) {}

  get status(): number {
    return this.head.status;
  }

  get headers(): Readonly<Record<string, string>> {
    return (this.laidOut ??= headersOf(this.head));
  }

  header(name: string): string | undefined {
    return fieldOf(this.head, name);
  }
}
