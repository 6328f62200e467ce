// products: what we sell. Answers GET /products and GET /products/ID.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

type product struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Price int    `json:"price"` // cents
}

var names = []string{"Anchor", "Bell", "Bollard", "Buoy", "Compass", "Fender",
	"Lantern", "Log book", "Oar", "Rope", "Sextant", "Spyglass"}

func answer(w http.ResponseWriter, status int, value any) {
	body, _ := json.Marshal(value)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

func main() {
	products := []product{}
	for i, name := range names {
		products = append(products, product{i + 1, name, 450 + 700*i})
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, map[string]bool{"ok": true})
	})
	routes.HandleFunc("/products", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, products)
	})
	routes.HandleFunc("/products/", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/products/"))
		if id < 1 || id > len(products) {
			fmt.Println("WARN there is no", r.URL.Path)
			answer(w, 404, map[string]string{"error": "there is no " + r.URL.Path})
			return
		}
		answer(w, 200, products[id-1])
	})

	host := os.Getenv("HOST")
	if host == "" {
		host = "127.0.0.1"
	}
	server := &http.Server{Addr: host + ":" + os.Getenv("PORT"), Handler: routes}
	term, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		fmt.Println("INFO products listens on", server.Addr)
		if err := server.ListenAndServe(); err != http.ErrServerClosed {
			fmt.Println("ERROR", err)
			os.Exit(1)
		}
	}()
	<-term.Done()
	server.Shutdown(context.Background()) // waits for what was begun
	fmt.Println("INFO products ends")
}
