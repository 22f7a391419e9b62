/** What was started, and how it ends: in reverse order, once, whoever asks. */

export type Stop = () => Promise<unknown>;

export class Closing {
  readonly #stops: { name: string; stop: Stop }[] = [];
  #closed: Promise<void> | undefined;

  /** Rejects, after stopping it at once, when closing has begun already. */
  async add(name: string, stop: Stop): Promise<void> {
    if (this.#closed == null) {
      this.#stops.push({ name, stop });
      return;
    }
    await stop();
    throw new Error('It is being stopped');
  }

  get hasBegun(): boolean {
    return this.#closed != null;
  }

  /** Never rejects: what cannot be stopped is told to `failed`, and the others are stopped all the same. */
  close(failed: (name: string, error: unknown) => void): Promise<void> {
    this.#closed ??= this.#closeAll(failed);
    return this.#closed;
  }

  async #closeAll(failed: (name: string, error: unknown) => void): Promise<void> {
    for (const { name, stop } of this.#stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        failed(name, error);
      }
    }
  }
}
