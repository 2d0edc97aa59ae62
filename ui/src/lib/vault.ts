// The vault's states in words, and what the person can do about each.
import { t } from './texts.svelte';
import type { VaultView } from './wire';

export type VaultStep = 'try-again' | 'passphrase' | 'init' | 'reset' | 'none';

/** The one thing to do about the vault. */
export function vaultStep(vault: VaultView): VaultStep {
  switch (vault.state) {
    case 'unlocked':
      return 'none';
    case 'locked':
      return vault.backend === 'passphrase' ? 'passphrase' : 'try-again';
    case 'missing':
      return 'init';
    case 'broken':
      return 'try-again';
    case 'key-lost':
      return 'reset';
  }
}

export function vaultTitle(vault: VaultView): string {
  if (vault.state === 'locked' && vault.backend !== 'passphrase') return t('vault.title.keychain');
  return t(`vault.title.${vault.state}`);
}
