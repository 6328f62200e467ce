#pragma once

namespace berth {

class Clock;
class Network;
class Disk;
class Process;
class Random;
class Workers;
class Resolver;

/// Everything outside that a domain may touch, real (os) or simulated (sim). Passed by reference to
/// whoever needs more than one of its members; outlives them.
struct World {
  Clock& clock;
  Network& network;
  Disk& disk;
  Process& process;
  Random& random;
  Workers& workers;
  Resolver* resolver = nullptr;  // of names; null: only addresses are known
};

}  // namespace berth
