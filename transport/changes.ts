/** Waits until something is so; whoever changes what it depends on tells. */

export class Changes {
  private onChange: (() => void) | undefined;

  tell(): void {
    this.onChange?.();
  }

  /** Resolves when it is so, or after so long all the same. One waits at a time. */
  until(isSo: () => boolean, withinMs: number): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.onChange = undefined;
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.onChange = () => {
        if (isSo()) done();
      };
    });
  }
}
