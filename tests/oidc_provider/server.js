// A certified OpenID provider for the tests: node server.js REDIRECT_URI. Prints its issuer; ends with its standard input.
import * as oidc from "oidc-provider";
import { createServer } from "node:http";

const [redirectUri] = process.argv.slice(2);
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new oidc.Provider(issuer, {
    clients: [{ client_id: "dashtam", client_secret: "what the two of them know", redirect_uris: [redirectUri] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    cookies: { keys: ["of the tests"] },
    findAccount: (context, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@corp.example`, email_verified: false }) }),
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.resume().on("end", () => process.exit(0));
