// Copying, by explicit action only; a copied secret is taken off the clipboard again after half a minute.

const SECRET_STAYS = 30_000;

export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

export async function copySecret(text: string): Promise<boolean> {
  const copied = await copy(text);
  if (copied) setTimeout(() => void copy(' '), SECRET_STAYS);
  return copied;
}

// Older webviews refuse the clipboard interface and still obey the old command.
function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('readonly', '');
  area.className = 'visually-hidden';
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return copied;
}
