import { expect } from 'chai';
import { check } from '../middleware/validation.js';
import { messageSchema } from './message.js';

const errorsOf = (url: string) => check(messageSchema(new Map()), { title: 'a', url }).errors;

describe('The link of a message', () => {
  for (const url of [
    'https://shop.test/orders/1',
    'shop://orders/1',
    'database:7',
    'https://shop.test/?next=javascript:',
  ]) {
    it(`may be ${url}`, () => {
      expect(errorsOf(url)).to.equal(undefined);
    });
  }

  for (const url of [
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'data:text/html,a',
    'VBScript:a',
  ]) {
    it(`is not ${url}`, () => {
      expect(errorsOf(url)).to.deep.equal([
        { field: 'url', detail: 'Must not be a javascript, data or vbscript URL' },
      ]);
    });
  }
});
