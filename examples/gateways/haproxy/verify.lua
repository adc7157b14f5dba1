-- Asks Counterfoil who calls: GET /verify with the credentials of the request. The answer is left in variables of the transaction.
local VERIFY = "http://127.0.0.1:7500/verify"

-- What the decision depends on. The rest of the request is nobody's business.
local PASSED = { "authorization", "cookie", "dpop", "origin", "sec-fetch-site" }

core.register_action("verify", { "http-req" }, function(txn)
  local given = txn.http:req_get_headers()
  -- What was asked for: a proof of possession is for one address. Where TLS ends before HAProxy, ssl_fc is not what the client used: write https.
  local headers = {
    ["x-forwarded-for"] = { txn.f:src() },
    ["x-forwarded-method"] = { txn.f:method() },
    ["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" },
    ["x-forwarded-uri"] = { txn.f:pathq() },
  }
  if given["host"] ~= nil then headers["x-forwarded-host"] = { given["host"][0] } end
  for _, name in ipairs(PASSED) do
    local values = given[name]
    if values ~= nil then
      headers[name] = {}
      for at = 0, #values do headers[name][at + 1] = values[at] end
    end
  end
  -- HAProxy 2.6 tries four times, with this timeout in milliseconds for each: 5 s in all for a Counterfoil that hangs.
  local answer = core.httpclient():get({ url = VERIFY, headers = headers, timeout = 1250 })
  txn:set_var("txn.verdict", answer and answer.status or 503)
  if answer == nil or answer.headers == nil then return end
  local function first(name)
    local values = answer.headers[name]
    return values ~= nil and values[0] or ""
  end
  txn:set_var("txn.challenge", first("www-authenticate"))
  if first("dpop-nonce") ~= "" then txn:set_var("txn.nonce", first("dpop-nonce")) end
  txn:set_var("txn.account_id", first("x-account-id"))
  txn:set_var("txn.session_id", first("x-session-id"))
  txn:set_var("txn.client_id", first("x-client-id"))
  txn:set_var("txn.roles", first("x-roles"))
end)
