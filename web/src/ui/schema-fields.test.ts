import { expect, test } from 'vitest';
import { schemaFields } from './schema-fields';

test('a schema becomes a list of fields with paths, types and what is required', () => {
  const schema = {
    type: 'object',
    required: ['user', 'event'],
    properties: {
      user: {
        type: ['object', 'null'],
        required: ['email'],
        properties: { email: { type: ['string', 'null'], description: 'In lower case.' } },
      },
      cart: { type: 'array', items: { type: 'object', properties: { price: { type: 'number' } } } },
      event: { const: 'purchase' },
      state: { enum: ['a', 'b'] },
      at: { type: 'string', format: 'date-time' },
      address: { $ref: '#/$defs/address' },
    },
    $defs: { address: { type: 'object', properties: { city: { type: 'string' } } } },
  };
  const rows = schemaFields(schema).map(({ path, type, required }) => [path, type, required]);
  expect(rows).toEqual([
    ['user', 'object | null', true],
    ['user.email', 'string | null', true],
    ['cart', 'list of object', false],
    ['cart[].price', 'number', false],
    ['event', '"purchase"', true],
    ['state', '"a" | "b"', false],
    ['at', 'string (date-time)', false],
    ['address', 'object', false],
    ['address.city', 'string', false],
  ]);
});

test('a schema that contains itself ends, and what is no schema has no fields', () => {
  const tree = { type: 'object', properties: { next: { $ref: '#' } } };
  expect(schemaFields(tree).length).toBeLessThan(12);
  expect(schemaFields(null)).toEqual([]);
  expect(schemaFields([])).toEqual([]);
});
