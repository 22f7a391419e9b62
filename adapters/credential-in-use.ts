/** The credential of one `send`: asked for once, and again only after the vendor has called it stale. */
import type { Authorizer, CredentialHeaders } from './http-adapter.js';

export class CredentialInUse {
  readonly #authorizer: Authorizer;
  readonly #aborted: Promise<undefined>;
  #asked: Promise<CredentialHeaders> | undefined;
  #known: CredentialHeaders | undefined;
  #merged?: { request: CredentialHeaders; credential: CredentialHeaders; both: CredentialHeaders };

  /** `aborted` resolves when the send is aborted. */
  constructor(authorizer: Authorizer, aborted: Promise<undefined>) {
    this.#authorizer = authorizer;
    this.#aborted = aborted;
  }

  /** What `headers` would resolve with at once. */
  get known(): CredentialHeaders | undefined {
    return this.#known;
  }

  /**
   * Undefined when the send was aborted first: a slow token server must not hold up an abort.
   * Rejects as the authorizer does.
   */
  async headers(): Promise<CredentialHeaders | undefined> {
    if (this.#known) return this.#known;
    const asked = (this.#asked ??= this.#authorizer.headers());
    const headers = await Promise.race([asked, this.#aborted]);
    if (headers && asked === this.#asked) this.#known = headers;
    return headers;
  }

  /** Of all the requests that were told so, the first one has it renewed. */
  drop(stale: CredentialHeaders): void {
    if (this.#known !== stale) return;
    this.#known = undefined;
    this.#asked = this.#authorizer.drop(stale).then(() => this.#authorizer.headers());
    // Whoever asks for headers next gets the rejection; after an abort nobody does.
    this.#asked.catch(() => {});
  }

  /** The same object for the same two parts, so that the transport can keep what it makes of them. */
  mergedInto(request: CredentialHeaders, credential: CredentialHeaders): CredentialHeaders {
    const last = this.#merged;
    if (last?.request === request && last.credential === credential) return last.both;
    const both = { ...request, ...credential };
    this.#merged = { request, credential, both };
    return both;
  }
}
