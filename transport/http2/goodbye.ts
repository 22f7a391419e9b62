/** Leaves a connection in good order: says GOAWAY once, and hangs up. */
import type { ControlFrames } from './control-frames.js';
import type { ErrorCode } from './frames.js';
import type { Line } from './line.js';
import type { Output } from './output.js';

/** How long a peer may keep a finished connection half open. */
const LINGER_MS = 1_000;

export class Goodbye {
  private isSaid = false;

  constructor(
    private readonly line: Line,
    private readonly output: Output,
    private readonly control: ControlFrames,
  ) {}

  /** Section 6.8. */
  say(code: ErrorCode): void {
    if (this.isSaid) return;
    this.isSaid = true;
    this.control.goaway(code);
  }

  hangUp(): void {
    const { socket, inlet } = this.line;
    inlet.close();
    this.output.finish();
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  }
}
