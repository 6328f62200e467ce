// shoppers: steady traffic, as from people who look and now and then buy. It calls those services of its
// plan whose NAME_URL is set. GET /counts tells exactly what it sent and what came of it; POST /pause and
// POST /resume hold the traffic, so that its numbers can be compared with others at rest.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// One round; # is a user or product that changes with each round. Of orders it posts one.
var plan = strings.Fields(`web/?user=# products/products users/users/# stock/stock/# products/products/#
	orders/orders recommendations/recommendations/# users/users/# products/products/# stock/stock/#
	web/?user=# products/products/# users/users recommendations/recommendations/# products/products
	orders/orders web/?user=# users/users/# stock/stock/# recommendations/recommendations/#`)

const inFlightMax = 64 // beyond it the plan's next calls are left out

type count struct {
	Requests int            `json:"requests"`
	Errors   int            `json:"errors"`   // 5xx, and no answer
	Statuses map[string]int `json:"statuses"` // "0": no answer
}

type shoppers struct {
	sync.Mutex
	sync.WaitGroup
	Calls    map[string]*count `json:"calls"`
	InFlight int               `json:"in_flight"`
	Paused   bool              `json:"paused"`
}

// A connection for each request: on one that is kept, Go quietly sends some requests twice.
var client = &http.Client{
	Timeout:   30 * time.Second, // longer than Berth's own, so that it is Berth who answers
	Transport: &http.Transport{DisableKeepAlives: true},
}

func (s *shoppers) call(service, method, url, body string) {
	defer s.Done()
	status := 0
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err == nil {
		var response *http.Response
		if response, err = client.Do(request); err == nil {
			if _, err = io.Copy(io.Discard, response.Body); err == nil {
				status = response.StatusCode
			}
			response.Body.Close()
		}
	}
	s.Lock()
	defer s.Unlock()
	s.InFlight--
	if s.Calls[service] == nil {
		s.Calls[service] = &count{Statuses: map[string]int{}}
	}
	s.Calls[service].Requests++
	s.Calls[service].Statuses[strconv.Itoa(status)]++
	if status == 0 || status >= 500 {
		s.Calls[service].Errors++
		fmt.Println("WARN", method, url, "answered", status, err)
	}
}

// Takes the next step of the plan.
func (s *shoppers) step(n int) {
	number := n/len(plan)%8 + 1
	service, path, _ := strings.Cut(strings.Replace(plan[n%len(plan)], "#", strconv.Itoa(number), 1), "/")
	url := os.Getenv(strings.ToUpper(service) + "_URL")
	s.Lock()
	defer s.Unlock()
	if url == "" || s.Paused || s.InFlight >= inFlightMax {
		return
	}
	s.InFlight++
	s.Add(1)
	if service == "orders" {
		go s.call(service, "POST", url+"/"+path, fmt.Sprintf(`{"user": %d, "product": %d}`, number, number+2))
	} else {
		go s.call(service, "GET", url+"/"+path, "")
	}
}

func (s *shoppers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	switch r.Method + r.URL.Path {
	case "POST/pause", "POST/resume":
		s.Paused = r.URL.Path == "/pause"
	case "GET/health", "GET/counts":
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s)
}

func main() {
	host := os.Getenv("HOST")
	if host == "" {
		host = "127.0.0.1"
	}
	rate, _ := strconv.ParseFloat(os.Getenv("RATE"), 64) // calls per second
	if rate <= 0 {
		rate = 20
	}
	s := &shoppers{Calls: map[string]*count{}}
	server := &http.Server{Addr: host + ":" + os.Getenv("PORT"), Handler: s}
	term, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		fmt.Println("INFO shoppers listens on", server.Addr)
		if err := server.ListenAndServe(); err != http.ErrServerClosed {
			fmt.Println("ERROR", err)
			os.Exit(1)
		}
	}()
	ticker := time.NewTicker(time.Duration(float64(time.Second) / rate))
	for n := 0; term.Err() == nil; n++ {
		<-ticker.C
		s.step(n)
	}
	s.Wait() // for what was begun
	server.Shutdown(context.Background())
	s.Lock()
	defer s.Unlock()
	counts, _ := json.Marshal(s)
	fmt.Println("INFO shoppers end with", string(counts))
}
