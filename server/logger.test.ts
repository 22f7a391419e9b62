import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { createLogger, type LogLevel } from './logger.js';

const logged = (level: LogLevel = 'info') => {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  const text = (): string => chunks.join('');
  const lines = (): Record<string, unknown>[] =>
    text()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger: createLogger({ level, stream }), text, lines };
};

describe('the logger', () => {
  it('writes one JSON object a line with time, level and message first', () => {
    const { logger, text, lines } = logged();
    logger.info('started', { port: 8080 });
    logger.warn('two\nlines');
    expect(text()).to.match(
      /^\{"time":"\d{4}-[^"]+Z","level":"info","message":"started","port":8080\}\n/,
    );
    expect(lines()).to.have.length(2);
    expect(lines()[1]).to.include({ level: 'warn', message: 'two\nlines' });
  });

  it('writes request id and task id in every line of a child, and of a child of a child', () => {
    const { logger, lines } = logged();
    const request = logger.child({ requestId: 'r1' });
    request.child({ taskId: 't1' }).info('accepted');
    request.info('answered');
    logger.info('alone');
    expect(lines()[0]).to.include({ requestId: 'r1', taskId: 't1' });
    expect(lines()[1]).to.include({ requestId: 'r1' }).and.not.have.property('taskId');
    expect(lines()[2]).not.to.have.property('requestId');
  });

  const secret = randomBytes(32).toString('hex');
  const failure = (): Error =>
    new Error(`outer ${secret}`, { cause: new Error(`Bearer ${secret}`) });
  const ways: [string, (logger: ReturnType<typeof logged>['logger']) => unknown][] = [
    ['as a field', (logger) => logger.error('it broke', { error: failure() })],
    ['as the second argument', (logger) => logger.error('it broke', failure())],
    ['alone', (logger) => logger.error(failure())],
    ['alone, in a child', (logger) => logger.child({ requestId: 'r' }).error(failure())],
  ];
  for (const [name, write] of ways) {
    it(`writes an error given ${name} with stack and cause, without secrets`, () => {
      const { logger, text } = logged();
      write(logger);
      expect(text()).to.include('outer [redacted]').and.include('logger.test.ts');
      expect(text()).to.include('Bearer [redacted]');
      expect(text()).not.to.include(secret);
      expect(text().split('\n')).to.have.length(2);
    });
  }

  it('writes no token, key or message body, whoever logs it', () => {
    const { logger, text } = logged();
    logger.info(`sent to ${secret}`, {
      device: { token: 'abc-hush' },
      request: { headers: { authorization: 'hush' }, body: { message: { body: 'hush' } } },
    });
    logger.child({ token: 'hush' }).info('hello');
    logger.info({ message: { title: 'hush' } });
    expect(text()).not.to.match(/hush/);
    expect(text()).not.to.include(secret);
  });

  it('lets a field take neither the time nor the level of a line', () => {
    const { logger, lines } = logged();
    logger.info('hello', { level: 'error' });
    expect(lines()[0]).to.include({ level: 'info' });
  });

  it('writes nothing below its level, and nothing at all when silent', () => {
    const warn = logged('warn');
    warn.logger.info('no');
    warn.logger.warn('yes');
    expect(warn.lines()).to.have.length(1);
    const silent = logged('silent');
    silent.logger.error('no');
    expect(silent.text()).to.equal('');
  });
});
