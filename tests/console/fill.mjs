// Fills in fields of a form by their keys.
export async function fill(page, values) {
  for (const [key, value] of Object.entries(values)) await page.get(`field-${key}`).fill(value);
}
