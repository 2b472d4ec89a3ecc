// A script of its own, because the page's content security policy allows no inline one.
window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true });
