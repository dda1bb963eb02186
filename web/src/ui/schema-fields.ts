// A JSON Schema as a list of fields, for people.

type Schema = Record<string, unknown>;
export type SchemaField = {
  path: string;
  type: string;
  required: boolean;
  description: string;
};

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
/** Deeper than this nobody reads a table, and a schema that contains itself would never end. */
const DEEPEST = 8;

/** Every field that the schema names, parents before what is in them. */
export function schemaFields(schema: unknown): SchemaField[] {
  if (!isSchema(schema)) return [];
  return inside(schema, schema, '', 0);
}

function inside(schema: Schema, root: Schema, path: string, depth: number): SchemaField[] {
  if (depth > DEEPEST) return [];
  const required = new Set(listOf(schema.required));
  const named = Object.entries(isSchema(schema.properties) ? schema.properties : {});
  const fields = named.flatMap(([name, value]) => {
    const field = resolved(value, root);
    const at = path ? `${path}.${name}` : name;
    const own = {
      path: at,
      type: typeOf(field, root),
      required: required.has(name),
      description: typeof field.description === 'string' ? field.description : '',
    };
    return [own, ...children(field, root, at, depth)];
  });
  return [...fields, ...alternatives(schema).flatMap((one) => inside(resolved(one, root), root, path, depth + 1))];
}

/** What is in a field: of an object, and of a list's items. */
function children(field: Schema, root: Schema, path: string, depth: number): SchemaField[] {
  const items = isSchema(field.items) ? resolved(field.items, root) : undefined;
  const others = alternatives(field).flatMap((one) => children(resolved(one, root), root, path, depth + 1));
  if (items) return [...inside(items, root, `${path}[]`, depth + 1), ...others];
  return field.properties ? inside({ ...field, anyOf: undefined, oneOf: undefined, allOf: undefined }, root, path, depth + 1).concat(others) : others;
}

function alternatives(schema: Schema): unknown[] {
  return [...listOf(schema.anyOf), ...listOf(schema.oneOf), ...listOf(schema.allOf)].filter(isSchema);
}

function resolved(value: unknown, root: Schema): Schema {
  if (!isSchema(value)) return {};
  const ref = value.$ref;
  if (typeof ref !== 'string' || !ref.startsWith('#/')) return value;
  const found = ref
    .slice(2)
    .split('/')
    .reduce<unknown>((at, key) => (isSchema(at) ? at[key] : undefined), root);
  return isSchema(found) ? { ...found, ...value, $ref: undefined } : value;
}

function typeOf(field: Schema, root: Schema): string {
  if ('const' in field) return JSON.stringify(field.const);
  if (Array.isArray(field.enum)) return field.enum.map((one) => JSON.stringify(one)).join(' | ');
  const types = (Array.isArray(field.type) ? field.type : [field.type]).filter(
    (one): one is string => typeof one === 'string',
  );
  if (types.length === 0) {
    const others = alternatives(field).map((one) => typeOf(resolved(one, root), root));
    return [...new Set(others)].join(' | ') || 'any';
  }
  const items = isSchema(field.items) ? typeOf(resolved(field.items, root), root) : 'any';
  const named = types.map((type) => {
    if (type === 'array') return `list of ${items}`;
    return type === 'string' && typeof field.format === 'string' ? `string (${field.format})` : type;
  });
  return named.join(' | ');
}
