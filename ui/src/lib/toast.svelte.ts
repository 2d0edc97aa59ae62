// Short messages at the edge of the window; they go by themselves and are read out politely. A notice stays until it is
// answered or no longer true.

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'danger';
}

/** What a notification would say, in the window: about one incident. */
export interface Notice {
  key: string;
  title: string;
  body: string;
  action: string;
  href: string;
}

const STAYS = 5_000;

class Toasts {
  items = $state<Toast[]>([]);
  notice = $state<Notice | null>(null);
  #next = 1;

  say(text: string, tone: Toast['tone'] = 'plain'): void {
    const id = this.#next++;
    this.items = [...this.items.filter((toast) => toast.text !== text).slice(-2), { id, text, tone }];
    setTimeout(() => this.drop(id), tone === 'danger' ? STAYS * 2 : STAYS);
  }

  drop(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }

  tell(notice: Notice): void {
    this.notice = notice;
  }

  dismiss(): void {
    this.notice = null;
  }
}

export const toasts = new Toasts();
