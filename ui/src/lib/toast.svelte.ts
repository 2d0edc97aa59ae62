// Short messages at the edge of the window; they go by themselves and are read out politely.

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'danger';
}

const STAYS = 5_000;

class Toasts {
  items = $state<Toast[]>([]);
  #next = 1;

  say(text: string, tone: Toast['tone'] = 'plain'): void {
    const id = this.#next++;
    this.items = [...this.items.filter((toast) => toast.text !== text).slice(-2), { id, text, tone }];
    setTimeout(() => this.drop(id), tone === 'danger' ? STAYS * 2 : STAYS);
  }

  drop(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
