#pragma once

#include <string_view>

// Heads of requests as browsers and programs send them.
struct NamedHead {
  const char* name;
  std::string_view text;
};

inline constexpr NamedHead heads[] = {
    {"small",
     "GET /users/42 HTTP/1.1\r\nHost: users:7480\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n"},
    {"browser",
     "GET /shop/cart?item=4711&color=dark%20blue HTTP/1.1\r\n"
     "Host: www.example.com\r\n"
     "Connection: keep-alive\r\n"
     "sec-ch-ua: \"Chromium\";v=\"124\", \"Google Chrome\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n"
     "sec-ch-ua-mobile: ?0\r\n"
     "sec-ch-ua-platform: \"Linux\"\r\n"
     "Upgrade-Insecure-Requests: 1\r\n"
     "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/124.0.0.0 Safari/537.36\r\n"
     "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
     "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7\r\n"
     "Sec-Fetch-Site: same-origin\r\n"
     "Sec-Fetch-Mode: navigate\r\n"
     "Sec-Fetch-User: ?1\r\n"
     "Sec-Fetch-Dest: document\r\n"
     "Referer: https://www.example.com/shop/\r\n"
     "Accept-Encoding: gzip, deflate, br, zstd\r\n"
     "Accept-Language: de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7\r\n"
     "Cookie: session=5b1f6d3e9c2a4f7f8e0d1c2b3a495867; _ga=GA1.2.1284376520.1714564800; "
     "theme=dark; consent=necessary%2Cstatistics\r\n"
     "\r\n"},
    {"api",
     "POST /v1/orders HTTP/1.1\r\n"
     "Host: orders.internal:8080\r\n"
     "User-Agent: python-requests/2.31.0\r\n"
     "Accept-Encoding: gzip, deflate\r\n"
     "Accept: application/json\r\n"
     "Connection: keep-alive\r\n"
     "Content-Type: application/json\r\n"
     "Authorization: Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZ"
     "SI6IkpvaG4gRG9lIiwiYWRtaW4iOnRydWUsImlhdCI6MTUxNjIzOTAyMn0.NHVaYe26MbtOYhSKkoKYdFVomg4i8ZJd8_"
     "-RU8VNbftc4TSMb4bXP3l3YlNWACwyXPGffz5aXHc6lty1Y2t4SWRqGteragsVdZufDn5BlnJl9pdR_kdVFUsra2rWKEo"
     "\r\n"
     "X-Request-Id: 0f8fad5b-d9cb-469f-a165-70867728950e\r\n"
     "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
     "Idempotency-Key: 7c9e6679-7425-40de-944b-e07fc1f90ae7\r\n"
     "Content-Length: 167\r\n"
     "\r\n"},
};
