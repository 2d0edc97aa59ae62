// Tells the page that opened this one how connecting ended, then goes where it was asked to, or closes.
const { message, opener, redirect } = JSON.parse(document.getElementById('boot').textContent);
const target = window.opener ?? (window.parent === window ? null : window.parent);
if (message && target) target.postMessage(message, opener ?? '*');
if (redirect) location.replace(redirect);
else if (window.opener) window.close();
