// Shows the API's own description as a page: every route by its group, with what it takes and answers.
const text = (tag, content, parent, name) => {
  const element = document.createElement(tag);
  if (content) element.textContent = content;
  if (name) element.className = name;
  parent.append(element);
  return element;
};
const nameOf = (schema) => {
  if (!schema) return '';
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema.type === 'array') return `${nameOf(schema.items)}[]`;
  if (schema.oneOf ?? schema.anyOf) return (schema.oneOf ?? schema.anyOf).map(nameOf).filter(Boolean).join(' | ');
  return [schema.type].flat().filter((type) => type !== 'null').join(' | ');
};
const rows = (items, parent) => {
  const list = text('dl', '', parent);
  for (const [name, about] of items) {
    text('dt', name, list);
    text('dd', about, list);
  }
};
const spec = await (await fetch('/openapi.json')).json();
const main = document.querySelector('main');
text('h1', `${spec.info.title} ${spec.info.version}`, main);
text('p', spec.info.description, main);
const link = text('a', 'The same as OpenAPI 3.1', text('p', '', main));
link.href = '/openapi.json';
const groups = new Map();
for (const [path, item] of Object.entries(spec.paths)) {
  for (const [method, operation] of Object.entries(item)) {
    const tag = operation.tags?.[0] ?? 'Other';
    if (!groups.has(tag)) groups.set(tag, []);
    groups.get(tag).push({ path, method, operation });
  }
}
for (const [tag, routes] of groups) {
  text('h2', tag, main);
  for (const { path, method, operation } of routes) {
    const details = text('details', '', main);
    const summary = text('summary', '', details);
    text('code', `${method.toUpperCase()} ${path}`, summary);
    text('span', operation.summary ?? '', summary);
    if (operation.description) text('p', operation.description, details);
    const parameters = (operation.parameters ?? []).map((one) => [
      one.name,
      `${one.in}, ${nameOf(one.schema)}${one.required ? '' : ', optional'}. ${one.description ?? ''}`,
    ]);
    const body = operation.requestBody?.content?.['application/json']?.schema;
    if (body) parameters.push(['body', nameOf(body)]);
    rows(parameters, details);
    rows(
      Object.entries(operation.responses).map(([status, answer]) => [
        status,
        `${answer.description} ${nameOf(Object.values(answer.content ?? {})[0]?.schema)}`,
      ]),
      details,
    );
  }
}
text('h2', 'Shapes', main);
for (const [name, schema] of Object.entries(spec.components.schemas)) {
  const details = text('details', '', main);
  details.id = name;
  text('code', name, text('summary', '', details));
  if (schema.description) text('p', schema.description, details);
  const parts = schema.allOf ?? [schema];
  for (const part of parts) {
    if (part.$ref) rows([['all of', nameOf(part)]], details);
    rows(Object.entries(part.properties ?? {}).map(([key, value]) => [key, `${nameOf(value)}. ${value.description ?? ''}`]), details);
    if (part.enum) text('p', part.enum.join(', '), details);
  }
}
