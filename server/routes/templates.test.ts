import { expect } from 'chai';
import type { Adapter, Message, Vendor } from '../../adapters/adapter.js';
import { loadVendor } from '../../adapters/index.js';
import { DEFAULT_PURPOSE } from '../../models/app.js';
import { saveTemplate } from '../../models/template.js';
import { testApi } from '../../test/support/api.js';
import { until } from '../../test/support/until.js';

/** What was handed to the vendor, and how many devices got it. */
interface Handed {
  readonly message: Message;
  readonly tokens: readonly string[];
}

describe('Templates over HTTP', () => {
  const handed: Handed[] = [];

  /** The sandbox, but it notes what it was told to send. */
  const noting = (sandbox: Vendor): Vendor => ({
    ...sandbox,
    open: (settings, deps): Adapter => {
      const adapter = sandbox.open(settings, deps);
      return {
        ...adapter,
        send(message, targets, ...rest) {
          handed.push({ message, tokens: targets.map(({ token }) => token) });
          return adapter.send(message, targets, ...rest);
        },
      };
    },
  });
  const api = testApi({
    role: 'all',
    vendors: loadVendor('sandbox').then((sandbox) => new Map([['sandbox', noting(sandbox)]])),
  });

  const ask = (method: string, path: string, body?: unknown) =>
    api().request(method, path, body === undefined ? {} : { body });
  const put = (name: string, body: unknown) => ask('PUT', `/v1/templates/${name}`, body);
  const saved = async (name: string, body: unknown) => {
    const answer = await put(name, body);
    expect(answer.status, answer.text).to.equal(201);
    return answer.body;
  };
  const register = (token: string, body: Record<string, unknown>) =>
    ask('PUT', '/v1/devices', {
      vendor: 'sandbox',
      token: `sandbox-ok-${token}`,
      consent: { push: 'granted' },
      ...body,
    });
  const send = (audience: unknown, message: unknown) =>
    ask('POST', '/v1/tasks', { audience, message });
  const ended = async (answer: { status: number; text: string; body: { id: string } }) => {
    expect(answer.status, answer.text).to.equal(202);
    const path = `/v1/tasks/${answer.body.id}`;
    await until('the task is done', async () => (await ask('GET', path)).body.state === 'done');
    return (await ask('GET', path)).body;
  };
  const textOf = (token: string) =>
    handed
      .filter(({ tokens }) => tokens.includes(`sandbox-ok-${token}`))
      .map(({ message: { title, body } }) => ({ title, body }));

  const PARCELS = {
    message: {
      title: 'Hello {name}',
      body: '{n, plural, one {# parcel} other {# parcels}}',
      localized: {
        zh: { title: '{name}，你好', body: '{n} 个包裹' },
        'zh-Hant': { body: '{n} 個包裹' },
        de: { title: 'Hallo {name}', body: '{n, plural, one {# Paket} other {# Pakete}}' },
      },
    },
    defaults: { name: 'you' },
  };

  before(async () => {
    await ask('PUT', '/v1/apps/shop/vendors/sandbox', {});
    await register('a', { account: 'ada', locale: 'de-AT' });
    await register('b', { account: 'bob', locale: 'zh-Hant-TW' });
    await register('c', { account: 'cleo', locale: 'zh-CN' });
    await register('d', { account: 'dan', locale: 'fr' });
  });
  beforeEach(() => {
    handed.length = 0;
  });

  describe('versions', () => {
    it('are made by each change, and by nothing else', async () => {
      const first = await saved('versioned', { message: { title: 'One' } });
      expect(first).to.include({ name: 'versioned', version: 1, locale: 'en', timeZone: 'UTC' });
      const again = await put('versioned', { message: { title: 'One' } });
      expect(again.status).to.equal(200);
      expect(again.body).to.deep.equal(first);
      const second = await saved('versioned', { message: { title: 'Two' } });
      expect(second.version).to.equal(2);
      expect((await ask('GET', '/v1/templates/versioned')).body).to.deep.equal(second);
      expect((await ask('GET', '/v1/templates/versioned/versions/1')).body).to.deep.equal(first);
      expect((await ask('GET', '/v1/templates/versioned/versions/3')).status).to.equal(404);
    });

    it('get numbers of their own when many write at once', async () => {
      const answers = await Promise.all(
        [1, 2, 3, 4].map((n) => put('busy', { message: { title: `${n}` } })),
      );
      const numbers = answers.map(({ body }) => body.version).sort();
      expect(numbers).to.deep.equal([1, 2, 3, 4]);
      const page = await ask('GET', '/v1/templates/busy/versions?limit=3');
      const rest = await ask(
        'GET',
        `/v1/templates/busy/versions?limit=3&cursor=${page.body.nextCursor}`,
      );
      const listed = [...page.body.items, ...rest.body.items];
      expect(listed.map(({ version }) => version)).to.deep.equal([4, 3, 2, 1]);
      expect(rest.body).not.to.have.property('nextCursor');
    });

    it('are deleted all together, and no number comes twice', async () => {
      await saved('doomed', { message: { title: 'One' } });
      expect((await ask('DELETE', '/v1/templates/doomed')).status).to.equal(204);
      expect((await ask('GET', '/v1/templates/doomed')).status).to.equal(404);
      expect((await ask('DELETE', '/v1/templates/doomed')).status).to.equal(404);
      expect(await saved('doomed', { message: { title: 'One' } })).to.have.property('version', 2);
    });

    it('belong to one app', async () => {
      await saved('ours', { message: { title: 'One' } });
      const { key } = await api().createApp('neighbour');
      const get = await api().request('GET', '/v1/templates/ours', { key });
      expect(get.status).to.equal(404);
      const list = await api().request('GET', '/v1/templates', { key });
      expect(list.body.items).to.deep.equal([]);
    });

    it('are listed by the name of their template, the newest of each, in pages', async () => {
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const query: string = cursor == null ? '' : `&cursor=${cursor}`;
        const { body } = await ask('GET', `/v1/templates?limit=2${query}`);
        names.push(
          ...body.items.map(
            ({ name, version }: { name: string; version: number }) => `${name} ${version}`,
          ),
        );
        cursor = body.nextCursor as string | undefined;
      } while (cursor != null);
      expect(names).to.deep.equal(['busy 4', 'doomed 2', 'ours 1', 'versioned 2']);
    });
  });

  describe('PUT', () => {
    const refusals: [string, unknown, string, RegExp][] = [
      [
        'a text that is no ICU message',
        { message: { title: 'Hello {name' } },
        'message.title',
        /Is no ICU message: \w+ at character/,
      ],
      [
        'a plural without `other`',
        { message: { title: 'x', localized: { de: { body: '{n, plural, one {#}}' } } } },
        'message.localized.de.body',
        /MISSING_OTHER/,
      ],
      [
        'a locale too large for its vendor',
        { message: { title: 'x', localized: { ja: { body: '長'.repeat(1_500) } } } },
        'message.body',
        /Payload is \d+ bytes, sandbox allows 4096 \(sandbox\/default, ja\)/,
      ],
      [
        'a locale that nobody knows',
        { message: { title: 'x', localized: { 'en-a': { title: '{n, number}' } } } },
        'message.localized.en-a.title',
        /Cannot be written: the locale en-a/,
      ],
      [
        'a skeleton that nobody can write',
        { message: { title: '{n, number, ::currency/XX}' } },
        'message.title',
        /a skeleton is not known/,
      ],
      [
        'a placeholder named as what objects inherit, when it has no value of its own kind',
        { message: { title: '{__proto__, number}' } },
        'message.data.__proto__',
        /needs a number/,
      ],
      [
        'a default that is no number',
        { message: { title: '{n, plural, other {#}}' }, defaults: { n: 'two' } },
        'defaults.n',
        /Must be a number/,
      ],
      [
        'a value of its data that is no number',
        { message: { title: '{n, plural, other {#}}', data: { n: 'two' } } },
        'message.data.n',
        /Must be a number/,
      ],
      [
        'a skeleton that nobody can write in a branch that is hardly ever taken',
        { message: { title: '{s, select, vip {{n, number, ::currency/XX}} other {hi}}' } },
        'message.title',
        /a skeleton is not known/,
      ],
      [
        'a placeholder that is a number and a date',
        { message: { title: 'x', body: '{n, number} {n, date}' } },
        'message.body',
        /The placeholder n is a date in one place of the text and something else in another/,
      ],
      [
        'a placeholder that is a date and stands as it is in a branch',
        { message: { title: '{d, date} {s, select, a {{d}} other {}}' } },
        'message.title',
        /The placeholder d is a date in one place/,
      ],
      [
        'a text that is too long with its defaults',
        {
          message: { title: 'x', localized: { de: { body: '{a}'.repeat(1_333) } } },
          defaults: { a: 'x'.repeat(4_000) },
        },
        'message.localized.de.body',
        /longer than 4000 characters/,
      ],
      [
        'more placeholders than anybody could give values to',
        { message: { body: Array.from({ length: 101 }, (_, n) => `{p${n}}`).join('') } },
        'message',
        /more than 100 different placeholders/,
      ],
      ['an unknown zone', { message: { title: 'x' }, timeZone: '+01:00' }, 'timeZone', /IANA/],
      ['an unknown field', { message: { title: 'x' }, sample: {} }, 'sample', /not a field/],
      ['no message', {}, 'message', /required/],
    ];
    for (const [what, body, field, detail] of refusals) {
      it(`refuses ${what}, names the field and keeps nothing`, async () => {
        const answer = await put('refused', body);
        expect(answer.status, answer.text).to.be.within(413, 422);
        expect(answer.body.errors[0]).to.have.property('field', field);
        expect(answer.body.errors[0].detail).to.match(detail);
        expect((await ask('GET', '/v1/templates/refused')).status).to.equal(404);
      });
    }

    it('is not for who may only read', async () => {
      const key = api().app.keys['tasks:read'];
      const body = { message: { title: 'x' } };
      const answer = await api().request('PUT', '/v1/templates/x', { key, body });
      expect(answer.status).to.equal(403);
    });
  });

  describe('the preview', () => {
    before(() => saved('parcels', PARCELS));
    const preview = async (body: unknown) =>
      (await ask('POST', '/v1/templates/parcels/preview', body)).body.items;

    it('shows every locale, and what each vendor counts', async () => {
      const items = await preview({ data: { n: '2' } });
      expect(
        items.map(({ locale, title, body }: Record<string, string>) => [locale, title, body]),
      ).to.deep.equal([
        ['', 'Hello you', '2 parcels'],
        ['zh', 'you，你好', '2 个包裹'],
        ['zh-Hant', 'Hello you', '2 個包裹'],
        ['de', 'Hallo you', '2 Pakete'],
      ]);
      const [size] = items[0].sizes;
      // The texts and the data, as the sandbox counts.
      expect(size).to.deep.equal({
        vendor: 'sandbox',
        profile: 'default',
        bytes: 'Hello you2 parcelsn2'.length,
        allowed: 4_096,
      });
    });

    it('shows what a device with a locale would see', async () => {
      const [item, ...others] = await preview({ data: { n: '1' }, locale: 'de-CH' });
      expect(item).to.include({ locale: 'de', body: '1 Paket' });
      expect(others).to.deep.equal([]);
    });

    it('tells which value is missing, and writes nothing', async () => {
      const [item, ...others] = await preview({ locale: 'de' });
      expect(item.problems).to.deep.equal([
        {
          code: 'MESSAGE_INVALID',
          field: 'data.n',
          detail: 'The template needs a number here, and has no default',
        },
      ]);
      expect(item).not.to.have.property('title');
      expect(others).to.deep.equal([]);
    });
  });

  describe('a task', () => {
    it('gets the texts of its devices’ locales, with the values of task and accounts', async () => {
      await put('parcels', PARCELS);
      const accounts = ['ada', { account: 'bob', data: { n: '1', name: 'Bob' } }, 'cleo', 'dan'];
      const task = await ended(await send({ accounts }, { template: 'parcels', data: { n: '3' } }));
      expect(task.counts).to.include({ targeted: 4, accepted: 4 });
      expect(task.template).to.deep.equal({ name: 'parcels', version: 1 });
      expect(textOf('a')).to.deep.equal([{ title: 'Hallo you', body: '3 Pakete' }]);
      expect(textOf('b')).to.deep.equal([{ title: 'Hello Bob', body: '1 個包裹' }]);
      expect(textOf('c')).to.deep.equal([{ title: 'you，你好', body: '3 个包裹' }]);
      expect(textOf('d')).to.deep.equal([{ title: 'Hello you', body: '3 parcels' }]);
      expect(handed[0]?.message).not.to.have.property('template');
    });

    it('shares one message among devices of the same locale and data', async () => {
      for (const token of ['s1', 's2', 's3']) {
        await register(token, { account: `sharer-${token}`, locale: 'de' });
      }
      const data = { n: '2' };
      await ended(
        await send(
          {
            accounts: [
              { account: 'sharer-s1', data },
              { account: 'sharer-s2', data },
              { account: 'sharer-s3', data: { n: '9' } },
            ],
          },
          { template: 'parcels' },
        ),
      );
      expect(handed.map(({ tokens }) => tokens.length).sort()).to.deep.equal([1, 2]);
    });

    it('is refused when nobody has a value for a placeholder, and nothing is sent', async () => {
      for (const audience of [{ all: true }, { accounts: ['ada'] }]) {
        const answer = await send(audience, { template: 'parcels' });
        expect(answer.status).to.equal(422);
        expect(answer.body).to.include({ code: 'MESSAGE_INVALID' });
        expect(answer.body.errors[0]).to.have.property('field', 'message.data.n');
      }
      expect(handed).to.deep.equal([]);
    });

    it('ends as failed with the reason `template` for a device that has no value, and only there', async () => {
      const accounts = [
        { account: 'cleo', data: { n: '1' } },
        'dan',
        { account: 'ada', data: { n: 'several' } },
      ];
      const answer = await send({ accounts }, { template: 'parcels' });
      const task = await ended(answer);
      expect(task.counts).to.include({ targeted: 3, accepted: 1, failed: 2 });
      expect(task.reasons).to.deep.equal({ failed: { template: 2 } });
      expect(handed).to.have.lengthOf(1);
      expect(textOf('c')).to.deep.equal([{ title: 'you，你好', body: '1 个包裹' }]);
      const logs = api().logged.join('\n');
      expect(logs).not.to.include('several');
    });

    it('is accepted whatever the first of its accounts says', async () => {
      await saved('greeting', { message: { body: '{a}{a}' } });
      const [long, short] = [
        { account: 'ada', data: { a: 'x'.repeat(3_000) } },
        { account: 'dan', data: { a: 'hi' } },
      ];
      for (const accounts of [
        [long, short],
        [short, long],
      ]) {
        handed.length = 0;
        const task = await ended(await send({ accounts }, { template: 'greeting' }));
        expect(task.counts).to.include({ targeted: 2, accepted: 1, failed: 1 });
        expect(textOf('d')).to.deep.equal([{ title: undefined, body: 'hihi' }]);
      }
    });

    describe('with a text that some values keep from being written', () => {
      // As they were saved before such texts were refused.
      const stored = (name: string, body: string) =>
        saveTemplate(api().connection, {
          app: 'shop',
          name,
          content: {
            message: {
              silent: false,
              body,
              priority: 'high',
              purpose: DEFAULT_PURPOSE,
            },
            locale: 'en',
            timeZone: 'UTC',
          },
          createdBy: 'key',
          createdAt: new Date(),
        });
      const texts: [string, string, Record<string, string>, Record<string, string>, string][] = [
        [
          'branch',
          '{s, select, vip {{n, number, ::currency/XX}} other {hi}}',
          { s: 'vip', n: '7' },
          { s: 'x', n: '7' },
          'hi',
        ],
        ['number-date', '{n, number} {n, date}', { n: '1e20' }, { n: '2000' }, '2,000 1/1/1970'],
        ['long', '{a}{a}{a}', { a: 'x'.repeat(2_000) }, { a: 'ab' }, 'ababab'],
      ];
      for (const [name, body, bad, good, written] of texts) {
        it(`fails for that device alone, whoever comes first: ${name}`, async () => {
          await stored(name, body);
          const [ada, dan] = [
            { account: 'ada', data: bad },
            { account: 'dan', data: good },
          ];
          for (const accounts of [
            [ada, dan],
            [dan, ada],
          ]) {
            handed.length = 0;
            const task = await ended(await send({ accounts }, { template: name }));
            expect(task.counts).to.include({ targeted: 2, accepted: 1, failed: 1 });
            expect(task.reasons).to.deep.equal({ failed: { template: 1 } });
            expect(textOf('d')).to.deep.equal([{ title: undefined, body: written }]);
            expect(textOf('a')).to.deep.equal([]);
          }
        });

        it(`is refused when it is the task’s own value, and at the preview: ${name}`, async () => {
          await stored(name, body);
          const answers = [
            await send({ accounts: ['dan'] }, { template: name, data: bad }),
            await ask('POST', `/v1/templates/${name}/preview`, { data: bad }),
          ];
          for (const { status, body: told, text } of answers) {
            expect(status, text).to.equal(422);
            expect(told.errors[0]).to.have.property('field', 'message.body');
            expect(text).not.to.match(/xxx|1e20/);
          }
        });
      }
    });

    it('keeps what it took, whatever becomes of the template', async () => {
      await saved('fleeting', { message: { title: 'Before' } });
      const at = new Date(Date.now() + 3_000).toISOString();
      const answer = await ask('POST', '/v1/tasks', {
        audience: { accounts: ['ada'] },
        message: { template: 'fleeting' },
        schedule: { at },
      });
      await saved('fleeting', { message: { title: 'After' } });
      await ended(await send({ accounts: ['dan'] }, { template: 'fleeting', version: 1 }));
      await ended(await send({ accounts: ['cleo'] }, { template: 'fleeting' }));
      await ask('DELETE', '/v1/templates/fleeting');
      await ended(answer);
      expect([textOf('a')[0]?.title, textOf('d')[0]?.title, textOf('c')[0]?.title]).to.deep.equal([
        'Before',
        'Before',
        'After',
      ]);
    });

    it('takes no template that is not there, and no texts beside one', async () => {
      for (const message of [{ template: 'nowhere' }, { template: 'parcels', version: 99 }]) {
        const answer = await send({ all: true }, message);
        expect(answer.status).to.equal(422);
        expect(answer.body.errors[0]).to.have.property('field', 'message.template');
      }
      const both = await send({ all: true }, { template: 'parcels', title: 'x' });
      expect(both.body.errors[0]).to.have.property('field', 'message.title');
    });

    it('takes braces in a message of its own for what they are', async () => {
      await ended(await send({ accounts: ['dan'] }, { title: '{n} 100%', body: "it's {" }));
      expect(textOf('d')).to.deep.equal([{ title: '{n} 100%', body: "it's {" }]);
    });

    it('is recalled without its texts being put together anew', async () => {
      // Only the account has it: a recall names the account alone.
      const accounts = [{ account: 'dan', data: { n: '1' } }];
      const answer = await send({ accounts }, { template: 'parcels' });
      await ended(answer);
      const recall = await ask('POST', `/v1/tasks/${answer.body.id}/recall`, {});
      const task = await ended(recall);
      expect(task.counts).to.include({ targeted: 1, accepted: 1, failed: 0 });
    });
  });
});
